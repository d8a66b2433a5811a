/// Bytes that must not be seen: they print as `(redacted)`.
///
/// Equality tells whether a value has changed; it may leave early. Secrets that a client presents are compared with
/// `ConstantTime.areEqual` of `Certificates`. The type has no `Hashable`, `Codable` or default text on purpose: code
/// that writes a secret must call `reveal`.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public init(_ text: String) { self.bytes = Array(text.utf8) }

    public var isEmpty: Bool { bytes.isEmpty }

    /// The bytes themselves; every call is a place to review.
    public func reveal() -> [UInt8] { bytes }

    /// The bytes as UTF-8 text; every call is a place to review.
    public func revealText() -> String { String(decoding: bytes, as: UTF8.self) }

    public var description: String { "(redacted)" }
    public var debugDescription: String { "(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension Secret: Equatable {}
