public import Certificates

/// How a client uses TLS with an https proxy. What it trusts and presents there is separate from what it trusts and presents
/// to servers.
public struct ProxyTLS: Hashable, Sendable {
    /// Who may be the proxy, beside the host's own CA certificates if they are included.
    public var anchors: [Certificate]
    public var includeSystemRoots: Bool
    /// What the client presents when the proxy asks for a certificate; `nil` presents nothing.
    public var identity: ClientIdentity?

    public init(anchors: [Certificate] = [], includeSystemRoots: Bool = true, identity: ClientIdentity? = nil) {
        self.anchors = anchors
        self.includeSystemRoots = includeSystemRoots
        self.identity = identity
    }
}
