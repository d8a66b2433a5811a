import COpAMPMessages

/// Fills the C structs of a message to be packed, in memory of the arena.
struct Writer: Pen {
    private let arena: Arena
    private let limits: WireLimits
    private var depth = 0
    /// The message whose fields are being written, for failures.
    private var owner: Any.Type = Never.self

    init(_ arena: Arena, limits: WireLimits) {
        self.arena = arena
        self.limits = limits
    }

    func number<Number>(_ value: inout Number, _ packed: inout Number) {
        packed = value
    }

    func bits<Bits: OptionSet>(_ value: inout Bits, _ packed: inout UInt64) where Bits.RawValue == UInt64 {
        packed = value.rawValue
    }

    func flag(_ value: inout Bool, _ packed: inout protobuf_c_boolean) {
        packed = value ? 1 : 0
    }

    func choice<Choice: WireEnumeration, Packed: RawRepresentable>(
        _ value: inout Choice, _ packed: inout Packed
    ) where Packed.RawValue == UInt32 {
        // C enumerations take every number; the initialiser fails for Swift ones only.
        if let number = Packed(rawValue: UInt32(bitPattern: value.rawValue)) { packed = number }
    }

    func text(_ value: inout String, _ packed: inout UnsafeMutablePointer<CChar>?) throws(WireFailure) {
        // An empty text keeps the empty C string that a blank struct already has.
        if !value.isEmpty { unsafe packed = try copy(value) }
    }

    func bytes(_ value: inout [UInt8], _ packed: inout ProtobufCBinaryData) throws(WireFailure) {
        guard !value.isEmpty else { return }
        let copy = unsafe try allocate(UInt8.self, count: value.count)
        _ = unsafe copy.initialize(fromContentsOf: value)
        unsafe packed = ProtobufCBinaryData(len: value.count, data: copy.baseAddress)
    }

    func message<Message: WireMessage>(
        _ value: inout Message?, _ packed: inout UnsafeMutablePointer<Message.Packed>?
    ) throws(WireFailure) {
        if let value { unsafe packed = try write(value) }
    }

    func texts(
        _ value: inout [String], _ count: inout Int,
        _ packed: inout UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) throws(WireFailure) {
        guard !value.isEmpty else { return }
        let list = unsafe try allocate(UnsafeMutablePointer<CChar>?.self, count: value.count)
        for (index, text) in value.enumerated() {
            unsafe list.initializeElement(at: index, to: try copy(text))
        }
        count = value.count
        unsafe packed = list.baseAddress
    }

    func list<Message: WireMessage>(
        _ value: inout [Message], _ count: inout Int,
        _ packed: inout UnsafeMutablePointer<UnsafeMutablePointer<Message.Packed>?>?
    ) throws(WireFailure) {
        guard !value.isEmpty else { return }
        let list = unsafe try allocate(UnsafeMutablePointer<Message.Packed>?.self, count: value.count)
        for (index, message) in value.enumerated() {
            unsafe list.initializeElement(at: index, to: try write(message))
        }
        count = value.count
        unsafe packed = list.baseAddress
    }

    func map<Entry: MapEntry>(
        _ entries: Entry.Type, _ value: inout [String: Entry.Value], _ count: inout Int,
        _ packed: inout UnsafeMutablePointer<UnsafeMutablePointer<Entry.Packed>?>?
    ) throws(WireFailure) {
        // By the keys' bytes: the order of other protobuf libraries, and none that depends on Unicode tables.
        var entries = value.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { Entry(key: $0.key, value: $0.value) }
        try unsafe list(&entries, &count, &packed)
    }

    func oneof<Value: OneOf>(_ value: inout Value, _ packed: inout Value.Packed) throws(WireFailure) {
        try value.write(to: &packed, with: self)
    }

    func write<Message: WireMessage>(
        _ message: Message
    ) throws(WireFailure) -> UnsafeMutablePointer<Message.Packed> {
        var inner = self
        inner.depth += 1
        inner.owner = Message.self
        guard inner.depth <= limits.depth else { throw .tooDeep(limit: limits.depth) }
        guard let memory = unsafe arena.allocate(MemoryLayout<Message.Packed>.size) else {
            throw .tooMuchMemory(limit: limits.allocatedBytes)
        }
        let packed = unsafe memory.bindMemory(to: Message.Packed.self, capacity: 1)
        unsafe Message.blank(packed)
        // `align` takes both sides inout, and a writer leaves the value as it is.
        var value = message
        try unsafe Message.align(&value, &packed.pointee, inner)
        return unsafe packed
    }

    func copy(_ text: String) throws(WireFailure) -> UnsafeMutablePointer<CChar> {
        let size = text.utf8.count
        let copy = unsafe try allocate(CChar.self, count: size + 1)
        var index = 0
        for byte in text.utf8 {
            guard byte != 0 else { throw .textWithNUL(field: "\(owner)") }
            unsafe copy.initializeElement(at: index, to: CChar(bitPattern: byte))
            index += 1
        }
        unsafe copy.initializeElement(at: size, to: 0)
        return unsafe copy.baseAddress.unsafelyUnwrapped
    }

    private func allocate<Element>(
        _ type: Element.Type, count: Int
    ) throws(WireFailure) -> UnsafeMutableBufferPointer<Element> {
        guard let memory = unsafe arena.allocate(count * MemoryLayout<Element>.stride) else {
            throw .tooMuchMemory(limit: limits.allocatedBytes)
        }
        return unsafe UnsafeMutableBufferPointer(
            start: memory.bindMemory(to: type, capacity: count), count: count)
    }
}
