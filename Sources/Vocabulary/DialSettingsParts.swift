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

/// An HTTP proxy that is asked to `CONNECT` (RFC 9110 section 9.3.6).
public struct ProxySettings: Hashable, Sendable {
    /// Without brackets.
    public var host: String
    public var port: UInt16
    /// For the CONNECT request only, `Proxy-Authorization` among them; the server never sees them, and the proxy never
    /// sees the server's.
    public var connectHeaders: [HeaderField]

    public init(host: String, port: UInt16, connectHeaders: [HeaderField] = []) {
        self.host = host
        self.port = port
        self.connectHeaders = connectHeaders
    }
}
