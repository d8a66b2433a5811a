import OpAMPProto

/// Makes a message into something that no reader of protobuf accepts: its first field has a type that does not exist.
enum Corruption {
    static func message(_ bytes: [UInt8]) -> [UInt8] {
        guard let first = bytes.first else { return [7] }
        return [first | 7] + bytes.dropFirst()
    }

    /// OpAMP's header byte stays.
    static func frame(_ bytes: [UInt8]) -> [UInt8] {
        bytes.first == 0 ? FrameHeader.framed(message(Array(bytes.dropFirst()))) : message(bytes)
    }
}
