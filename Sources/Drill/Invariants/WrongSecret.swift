import Certificates
import Vocabulary

/// Federation secrets that are not the right one, some of them as near to it as can be.
enum WrongSecret: String, CaseIterable, Sendable {
    case unrelated, firstBit, middleBit, lastBit, sharedHalf, truncated, extended

    private static let prefix = "opamp-fs."

    var what: String {
        switch self {
        case .unrelated: "a secret of its own"
        case .firstBit: "the right secret but for one bit of its first byte"
        case .middleBit: "the right secret but for one bit in its middle"
        case .lastBit: "the right secret but for one bit of its last byte"
        case .sharedHalf: "a secret whose first half is right"
        case .truncated: "the right secret without its end"
        case .extended: "the right secret with something behind it"
        }
    }

    /// - Returns: nil when `right` is not in the form of a federation secret.
    func text(insteadOf right: Secret) -> String? {
        let text = right.revealText()
        guard text.hasPrefix(Self.prefix), var bytes = Base64URL.decode(text.dropFirst(Self.prefix.count)) else {
            return nil
        }
        switch self {
        case .unrelated: bytes = RandomBytes.generate(bytes.count)
        case .firstBit: bytes[0] ^= 0x80
        case .middleBit: bytes[bytes.count / 2] ^= 0x10
        case .lastBit: bytes[bytes.count - 1] ^= 0x01
        case .sharedHalf:
            let half = bytes.count / 2
            bytes = bytes[..<half] + bytes[half...].map { ~$0 }
        case .truncated: bytes.removeLast(8)
        case .extended: bytes.append(0)
        }
        return Self.prefix + Base64URL.encode(bytes)
    }
}
