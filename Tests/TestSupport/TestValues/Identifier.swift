public import Vocabulary

extension Identifier {
    /// The identifier whose 16 bytes are all this one.
    public init(repeating byte: UInt8) { self.init(sixteen: [UInt8](repeating: byte, count: 16)) }

    public static var random: Self { Self(sixteen: (0..<16).map { _ in UInt8.random(in: 0...255) }) }

    private init(sixteen bytes: [UInt8]) {
        guard let identifier = Self(bytes: bytes) else { preconditionFailure("16 bytes are an identifier") }
        self = identifier
    }
}
