public import ClientTransport
public import Vocabulary

/// How this host reaches servers, where it does not reach them itself: `proxy` of the configuration file, or the environment.
///
/// It is a fact of the host's network and no part of a server's settings: it holds for every server that the agent connects to,
/// unless an offer names another proxy, and it is never saved with a server.
public struct HostProxy: Hashable, Sendable {
    /// For wss and https endpoints.
    public var forTLS: ProxySettings?
    /// For ws and http endpoints.
    public var forPlaintext: ProxySettings?
    /// What is reached without it.
    public var exceptions: [ProxyException]
    /// For https proxies, offered ones included.
    public var tls: ProxyTLS
    /// Where `tls.identity` comes from, so that a running agent can read it again.
    public var certificateFiles: CertificateFiles?

    public init(
        forTLS: ProxySettings? = nil, forPlaintext: ProxySettings? = nil, exceptions: [ProxyException] = [],
        tls: ProxyTLS = ProxyTLS()
    ) {
        self.forTLS = forTLS
        self.forPlaintext = forPlaintext
        self.exceptions = exceptions
        self.tls = tls
    }

    /// The host's own proxy for a server, or none.
    public func proxy(for endpoint: Endpoint) -> ProxySettings? {
        guard !exceptions.contains(where: { $0.covers(endpoint) }) else { return nil }
        return endpoint.isTLS ? forTLS : forPlaintext
    }
}
