public import Certificates
public import HandoverToken
public import Vocabulary

/// Everything that decides whom the agent talks to and how; one value, replaced as a whole.
public struct ConnectionSettings: Equatable, Sendable {
    public var endpoint: Endpoint
    public var headers: [HeaderField]
    public var trust: ServerTrust
    /// What the agent presents; `nil` presents nothing.
    public var leaf: LeafChain?
    public var tls: TLSBounds
    /// Only ever true by the operator's own policy.
    public var skipsVerification: Bool
    /// Offered for this connection; `nil` leaves it to the host's own (`proxy` of the configuration file).
    public var proxy: ProxySettings?
    /// `nil` is off, which exists on WebSocket only; an HTTP endpoint always polls.
    public var heartbeat: Duration?

    public init(
        endpoint: Endpoint, headers: [HeaderField] = [], trust: ServerTrust, leaf: LeafChain? = nil,
        tls: TLSBounds = TLSBounds(), skipsVerification: Bool = false, proxy: ProxySettings? = nil,
        heartbeat: Duration? = .seconds(30)
    ) {
        self.endpoint = endpoint
        self.headers = headers
        self.trust = trust
        self.leaf = leaf
        self.tls = tls
        self.skipsVerification = skipsVerification
        self.proxy = proxy
        self.heartbeat = heartbeat
    }
}

/// A server and what the agent holds because of it.
public struct ServerSettings: Equatable, Sendable {
    public var settings: ConnectionSettings
    /// Whose signature a handover token may bear. Never used to verify a connection.
    public var tokenSigners: TokenSigners?
    /// Version of the last trust statement that changed them; a statement has to be above it.
    public var signersVersion: Int64

    public init(settings: ConnectionSettings, tokenSigners: TokenSigners? = nil, signersVersion: Int64 = 0) {
        self.settings = settings
        self.tokenSigners = tokenSigners
        self.signersVersion = signersVersion
    }
}

/// Who may be at the other end of a dial (`serverCAs`). The same anchors in another order are the same trust: a server that
/// lists them in another order offers no change.
public struct ServerTrust: Hashable, Sendable {
    public var anchors: CertificateBundle
    public var includesSystemRoots: Bool

    public init(anchors: CertificateBundle, includesSystemRoots: Bool = false) {
        self.anchors = anchors
        self.includesSystemRoots = includesSystemRoots
    }

    public static func == (one: Self, other: Self) -> Bool {
        one.includesSystemRoots == other.includesSystemRoots
            && Set(one.anchors.certificates) == Set(other.anchors.certificates)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(Set(anchors.certificates))
        hasher.combine(includesSystemRoots)
    }
}

/// The agent's certificate and what leads from it to its CA.
public struct LeafChain: Hashable, Sendable {
    public var leaf: Certificate
    public var intermediates: [Certificate]
    /// PEM of the leaf's private key, if a server has made it; `nil` when it is the key of this host. It stands in the state
    /// only, and is never sent.
    public var offeredKey: Secret?

    public init(leaf: Certificate, intermediates: [Certificate] = [], offeredKey: Secret? = nil) {
        self.leaf = leaf
        self.intermediates = intermediates
        self.offeredKey = offeredKey
    }

    /// - Parameter pem: the leaf first.
    public init(pem: String) throws(CertificateFailure) {
        let certificates = try CertificateBundle(pem: pem).certificates
        self.init(leaf: certificates[0], intermediates: Array(certificates.dropFirst()))
    }

    /// Leaf first.
    public var certificates: [Certificate] { [leaf] + intermediates }
    /// Without the private key.
    public var pem: String { certificates.map(\.pem).joined() }

    public func hash(into hasher: inout Hasher) { hasher.combine(certificates) }
}

public struct TLSBounds: Hashable, Sendable {
    public var minimum: TLSVersion
    public var maximum: TLSVersion
    /// IANA names; empty leaves the choice to the TLS library.
    public var cipherSuites: [String]

    public init(minimum: TLSVersion = .tls12, maximum: TLSVersion = .tls13, cipherSuites: [String] = []) {
        self.minimum = minimum
        self.maximum = maximum
        self.cipherSuites = cipherSuites
    }
}
