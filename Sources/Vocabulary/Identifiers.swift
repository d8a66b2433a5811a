/// A 128-bit identifier whose `Kind` keeps it from being mistaken for another.
public struct Identifier<Kind: IdentifierKind>: Hashable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    /// `nil` unless there are exactly 16 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Reads exactly the text form of its kind.
    public init?(_ text: String) {
        let hex: String
        switch Kind.textForm {
        case .hex:
            hex = text
        case .uuid:
            let groups = text.split(separator: "-", omittingEmptySubsequences: false)
            guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
            hex = groups.joined()
        }
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    public var description: String {
        switch Kind.textForm {
        case .hex: Hex.encode(bytes)
        case .uuid:
            [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { Hex.encode(bytes[$0]) }.joined(separator: "-")
        }
    }
}

extension Identifier where Kind: TimeOrderedIdentifierKind {
    /// A version 7 UUID (RFC 9562 section 5.7): sorts by time of birth.
    ///
    /// - Parameter random: at least 10 random bytes.
    public init(version7At time: Timestamp, random: [UInt8]) {
        precondition(random.count >= 10, "a version 7 UUID takes 10 random bytes")
        let clock = UInt64(clamping: time.milliseconds)
        var bytes = (0..<6).map { UInt8(truncatingIfNeeded: clock >> UInt64(40 - 8 * $0)) } + random.prefix(10)
        bytes[6] = 0x70 | (bytes[6] & 0x0F)
        bytes[8] = 0x80 | (bytes[8] & 0x3F)
        self.bytes = bytes
    }
}

public enum IdentifierTextForm: Sendable {
    case hex
    case uuid
}

public protocol IdentifierKind: Sendable {
    static var textForm: IdentifierTextForm { get }
}

/// A kind that is written as a UUID and made as version 7.
public protocol TimeOrderedIdentifierKind: IdentifierKind {}

extension TimeOrderedIdentifierKind {
    public static var textForm: IdentifierTextForm { .uuid }
}

public enum PeerKind: IdentifierKind {
    public static var textForm: IdentifierTextForm { .hex }
}

public enum HandoverKind: IdentifierKind {
    public static var textForm: IdentifierTextForm { .hex }
}

public enum RedemptionKind: IdentifierKind {
    public static var textForm: IdentifierTextForm { .hex }
}

public enum AgentKind: TimeOrderedIdentifierKind {}
public enum InstanceKind: TimeOrderedIdentifierKind {}

/// What a server is between peers and in the audit trail (`originPeerId`); names are only local labels.
public typealias PeerID = Identifier<PeerKind>

/// One handover: the `jti` of its token.
public typealias HandoverID = Identifier<HandoverKind>

/// One attempt of a target to redeem a token; a claim repeated with it is the same claim.
public typealias RedemptionID = Identifier<RedemptionKind>

/// An agent's row on one server. The same agent has another one on the next server.
public typealias AgentID = Identifier<AgentKind>

/// OpAMP `instance_uid`: carried, shown, kept, and never trusted.
public typealias InstanceUID = Identifier<InstanceKind>

/// Counts the handovers of one agent; the higher epoch takes precedence everywhere.
public typealias Epoch = UInt64

/// The URNs that certificates carry as URI subject alternative names.
public enum HandoverURN {
    public static let peerPrefix = "urn:opamp-handover:peer:"
    public static let agentPrefix = "urn:opamp-handover:agent:"

    public static func peer(_ id: PeerID) -> String { peerPrefix + id.description }
    public static func agent(_ id: AgentID) -> String { agentPrefix + id.description }
}
