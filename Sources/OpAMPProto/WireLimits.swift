public import Vocabulary

/// What one OpAMP message may cost, on the way in and on the way out.
public struct WireLimits: Hashable, Sendable {
    /// Bytes of the message itself, without a frame header.
    public var messageBytes: Int
    /// Messages inside each other; the outermost counts as one, a map's entry as one.
    public var depth: Int
    /// Fields in the message and in all messages inside it, known or unknown.
    public var fields: Int
    /// Memory the decoder may take for one message, before the value is made.
    public var allocatedBytes: Int

    public init(
        messageBytes: Int = Limits.messageBytes,
        depth: Int = Limits.messageDepth,
        fields: Int = Limits.messageFields,
        allocatedBytes: Int = Limits.messageMemoryBytes
    ) {
        self.messageBytes = messageBytes
        self.depth = depth
        self.fields = fields
        self.allocatedBytes = allocatedBytes
    }

    public static let standard = WireLimits()
}
