import COpAMPMessages

/// Makes values from the C structs of a decoded message, which the scan has found to be within its limits.
struct Reader: Pen {
    func number<Number>(_ value: inout Number, _ packed: inout Number) {
        value = packed
    }

    func bits<Bits: OptionSet>(_ value: inout Bits, _ packed: inout UInt64) where Bits.RawValue == UInt64 {
        value = Bits(rawValue: packed)
    }

    func flag(_ value: inout Bool, _ packed: inout protobuf_c_boolean) {
        value = packed != 0
    }

    func choice<Choice: WireEnumeration, Packed: RawRepresentable>(
        _ value: inout Choice, _ packed: inout Packed
    ) where Packed.RawValue == UInt32 {
        value = Choice(rawValue: Int32(bitPattern: packed.rawValue))
    }

    func text(_ value: inout String, _ packed: inout UnsafeMutablePointer<CChar>?) {
        if let characters = unsafe packed { value = unsafe String(cString: characters) }
    }

    func bytes(_ value: inout [UInt8], _ packed: inout ProtobufCBinaryData) {
        value = unsafe Array(UnsafeBufferPointer(start: packed.data, count: packed.len))
    }

    func message<Message: WireMessage>(
        _ value: inout Message?, _ packed: inout UnsafeMutablePointer<Message.Packed>?
    ) throws(WireFailure) {
        value = if let inner = unsafe packed { try unsafe read(inner) } else { nil }
    }

    func texts(
        _ value: inout [String], _ count: inout Int,
        _ packed: inout UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) {
        value = (0..<count).map { index in
            if let characters = unsafe packed?[index] { unsafe String(cString: characters) } else { "" }
        }
    }

    func list<Message: WireMessage>(
        _ value: inout [Message], _ count: inout Int,
        _ packed: inout UnsafeMutablePointer<UnsafeMutablePointer<Message.Packed>?>?
    ) throws(WireFailure) {
        value = []
        value.reserveCapacity(count)
        for index in 0..<count {
            guard let inner = unsafe packed?[index] else { continue }
            value.append(try unsafe read(inner))
        }
    }

    func map<Entry: MapEntry>(
        _ entries: Entry.Type, _ value: inout [String: Entry.Value], _ count: inout Int,
        _ packed: inout UnsafeMutablePointer<UnsafeMutablePointer<Entry.Packed>?>?
    ) throws(WireFailure) {
        value = [:]
        for index in 0..<count {
            guard let inner = unsafe packed?[index] else { continue }
            let entry: Entry = try unsafe read(inner)
            value[entry.key] = entry.value ?? Entry.absentValue
        }
    }

    func oneof<Value: OneOf>(_ value: inout Value, _ packed: inout Value.Packed) throws(WireFailure) {
        value = try Value(reading: &packed, with: self)
    }

    func read<Message: WireMessage>(
        _ packed: UnsafeMutablePointer<Message.Packed>
    ) throws(WireFailure) -> Message {
        var value = Message.unset
        try unsafe Message.align(&value, &packed.pointee, self)
        return value
    }
}
