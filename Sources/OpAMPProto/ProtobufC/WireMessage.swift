import COpAMPMessages

/// A message of the schema and the C struct generated for it.
protocol WireMessage {
    associatedtype Packed

    /// The message with nothing set.
    static var unset: Self { get }

    /// Makes raw memory into the C struct of a message with nothing set.
    static func blank(_ packed: UnsafeMutablePointer<Packed>)

    /// Brings value and C struct into line, field by field, in the direction of the pen: a `Reader` changes the value,
    /// a `Writer` the struct. One list of fields for both directions cannot disagree with itself.
    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure)
}

/// Carries one field over, in one direction.
protocol Pen {
    func number<Number>(_ value: inout Number, _ packed: inout Number)
    func bits<Bits: OptionSet>(_ value: inout Bits, _ packed: inout UInt64) where Bits.RawValue == UInt64
    func flag(_ value: inout Bool, _ packed: inout protobuf_c_boolean)
    func choice<Choice: WireEnumeration, Packed: RawRepresentable>(
        _ value: inout Choice, _ packed: inout Packed
    ) where Packed.RawValue == UInt32
    func text(_ value: inout String, _ packed: inout UnsafeMutablePointer<CChar>?) throws(WireFailure)
    func bytes(_ value: inout [UInt8], _ packed: inout ProtobufCBinaryData) throws(WireFailure)
    func message<Message: WireMessage>(
        _ value: inout Message?, _ packed: inout UnsafeMutablePointer<Message.Packed>?
    ) throws(WireFailure)
    func texts(
        _ value: inout [String], _ count: inout Int,
        _ packed: inout UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) throws(WireFailure)
    func list<Message: WireMessage>(
        _ value: inout [Message], _ count: inout Int,
        _ packed: inout UnsafeMutablePointer<UnsafeMutablePointer<Message.Packed>?>?
    ) throws(WireFailure)
    func map<Entry: MapEntry>(
        _ entries: Entry.Type, _ value: inout [String: Entry.Value], _ count: inout Int,
        _ packed: inout UnsafeMutablePointer<UnsafeMutablePointer<Entry.Packed>?>?
    ) throws(WireFailure)
    /// The member of a oneof that is set.
    func oneof<Value: OneOf>(_ value: inout Value, _ packed: inout Value.Packed) throws(WireFailure)
}

/// One entry of a map: on the wire a message of its own.
protocol MapEntry: WireMessage {
    associatedtype Value
    var key: String { get set }
    var value: Value? { get set }
    /// What an entry without a value means.
    static var absentValue: Value { get }
    init(key: String, value: Value?)
}

/// A value of which one member at most is set, so that the two directions have little in common.
protocol OneOf: WireMessage {
    init(reading packed: inout Packed, with reader: Reader) throws(WireFailure)
    func write(to packed: inout Packed, with writer: Writer) throws(WireFailure)
}
