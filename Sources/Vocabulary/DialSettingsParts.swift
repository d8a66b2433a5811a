/// An HTTP header. Its value may be a credential and is never printed.
public struct HeaderField: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    public var name: String
    public var value: Secret

    public init(_ name: String, _ value: Secret) {
        self.name = name
        self.value = value
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    public var description: String { "\(name): (redacted)" }
    public var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

public enum TLSVersion: String, Hashable, Sendable, Comparable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
