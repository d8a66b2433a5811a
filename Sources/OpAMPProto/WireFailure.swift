public import Vocabulary

/// Why bytes are not an OpAMP message, or why a message cannot become bytes. No case holds a message's content.
public enum WireFailure: Error, Hashable, Sendable {
    // Limits of `WireLimits`, both ways.
    case messageTooLarge(bytes: Int, limit: Int)
    case tooDeep(limit: Int)
    case tooManyFields(limit: Int)
    case tooMuchMemory(limit: Int)

    // Bytes that are no protobuf. Offsets count from the message's first byte.
    case truncated(offset: Int)
    case malformedVarint(offset: Int)
    case badFieldNumber(offset: Int)
    case badWireType(offset: Int)
    /// Groups are obsolete, and a way to nest past every limit.
    case group(offset: Int)

    // Protobuf that is not the OpAMP we read. Fields are named `Message.field`.
    case wrongWireType(field: String)
    case invalidUTF8(field: String)
    /// Text with a NUL is cut short by every C program it meets.
    case textWithNUL(field: String)
    /// A message that may stand once stands twice. Protobuf would merge the two; a peer that needs this does not exist.
    case repeatedMessage(field: String)

    // The header of a WebSocket message.
    case frameEmpty
    case frameHeaderMalformed
    case frameHeaderNotZero(UInt64)

    /// The protobuf library refused what the scan had passed: the two disagree, which is worth a report.
    case undecodable(message: String)
}

extension WireFailure: OperatorCoded {
    public typealias Code = WireCode

    public var words: Words {
        let (code, cause) = explanation
        return (code, "An OpAMP message could not be read or written", cause, nextAction)
    }

    private var explanation: (code: WireCode, cause: String) {
        switch self {
        case .messageTooLarge(let bytes, let limit):
            (.tooLarge, "It has \(bytes) bytes; at most \(limit) are allowed.")
        case .tooDeep(let limit): (.tooDeep, "Its parts are nested deeper than \(limit) levels.")
        case .tooManyFields(let limit): (.tooManyFields, "It has more than \(limit) fields.")
        case .tooMuchMemory(let limit): (.tooMuchMemory, "Decoding it takes more than \(limit) bytes of memory.")
        case .truncated(let offset): (.truncated, "It ends in the middle of the field at byte \(offset).")
        case .malformedVarint(let offset): (.malformedNumber, "The number at byte \(offset) has no end.")
        case .badFieldNumber(let offset): (.badFieldNumber, "The field at byte \(offset) has an impossible number.")
        case .badWireType(let offset): (.badWireType, "The field at byte \(offset) has an impossible type.")
        case .group(let offset): (.group, "The field at byte \(offset) is a group; OpAMP has none.")
        case .wrongWireType(let field): (.wrongType, "The field \(field) has another type than in OpAMP.")
        case .invalidUTF8(let field): (.invalidUtf8, "The text in \(field) is not UTF-8.")
        case .textWithNUL(let field): (.textWithNul, "The text in \(field) contains a NUL character.")
        case .repeatedMessage(let field): (.repeatedMessage, "The field \(field) stands more than once.")
        case .frameEmpty: (.frameEmpty, "A WebSocket message without any byte arrived.")
        case .frameHeaderMalformed: (.frameHeaderMalformed, "The WebSocket message's header is no number.")
        case .frameHeaderNotZero(let header):
            (.frameHeaderNotZero, "The WebSocket message's header is \(header); only 0 is defined.")
        case .undecodable(let message): (.undecodable, "The protobuf library refused the message \(message).")
        }
    }

    private var nextAction: String {
        switch self {
        case .messageTooLarge, .tooDeep, .tooManyFields, .tooMuchMemory:
            "Find out what makes the message this big, on the side that sends it, and make it smaller."
        case .textWithNUL, .invalidUTF8:
            "Correct the value on the side that sends the message."
        case .frameEmpty, .frameHeaderMalformed, .frameHeaderNotZero:
            "Check that both sides speak OpAMP over WebSocket, and their versions."
        case .truncated, .malformedVarint, .badFieldNumber, .badWireType, .group, .wrongWireType, .repeatedMessage:
            "Check that the other side speaks OpAMP, and that nothing between the two alters messages."
        case .undecodable:
            "Report this with the versions of both sides."
        }
    }
}
