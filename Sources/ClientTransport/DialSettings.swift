public import Certificates
public import Vocabulary

/// Everything one connection is made of. Two values that are equal lead to the same server with the same trust.
public struct DialSettings: Hashable, Sendable {
    public var endpoint: Endpoint
    /// Sent with the upgrade or the POST, in this order.
    public var headers: [HeaderField]
    /// Who may be at the other end. With none of them and no system roots nobody is trusted.
    public var anchors: [Certificate]
    /// Trusts the host's own CA certificates too.
    public var includeSystemRoots: Bool
    /// What the client shows when it is asked for a certificate; `nil` shows nothing.
    public var identity: ClientIdentity?
    public var minimumTLS: TLSVersion
    public var maximumTLS: TLSVersion
    /// IANA or OpenSSL names; empty leaves the choice to the host's OpenSSL configuration.
    public var cipherSuites: [String]
    /// Accepts any certificate for any host. Only ever set by the operator's own configuration file.
    public var skipVerify: Bool
    public var proxy: ProxySettings?
    /// For an https proxy.
    public var proxyTLS: ProxyTLS

    /// Names, TCP and proxy together, over all addresses.
    public var connectTimeout: Duration
    /// From the TCP connection to the open WebSocket, or to the complete answer of a POST.
    public var handshakeTimeout: Duration
    /// How long a sent Close frame may stay unanswered.
    public var closeTimeout: Duration
    /// How often an open WebSocket is pinged; zero never pings.
    public var pingInterval: Duration
    /// How long the other side may stay silent, pongs included, before it counts as lost. Without pings it is not used.
    public var idleTimeout: Duration
    /// The largest message or response body accepted, in bytes.
    public var receiveLimit: Int
    /// The largest message or request body sent, in bytes.
    public var sendLimit: Int

    public init(
        endpoint: Endpoint,
        headers: [HeaderField] = [],
        anchors: [Certificate] = [],
        includeSystemRoots: Bool = false,
        identity: ClientIdentity? = nil,
        minimumTLS: TLSVersion = .tls12,
        maximumTLS: TLSVersion = .tls13,
        cipherSuites: [String] = [],
        skipVerify: Bool = false,
        proxy: ProxySettings? = nil,
        proxyTLS: ProxyTLS = ProxyTLS(),
        connectTimeout: Duration = .seconds(5),
        handshakeTimeout: Duration = .seconds(10),
        closeTimeout: Duration = .seconds(2),
        pingInterval: Duration = .seconds(20),
        idleTimeout: Duration = .seconds(50),
        receiveLimit: Int = Limits.messageBytes,
        sendLimit: Int = Limits.messageBytes
    ) {
        self.endpoint = endpoint
        self.headers = headers
        self.anchors = anchors
        self.includeSystemRoots = includeSystemRoots
        self.identity = identity
        self.minimumTLS = minimumTLS
        self.maximumTLS = maximumTLS
        self.cipherSuites = cipherSuites
        self.skipVerify = skipVerify
        self.proxy = proxy
        self.proxyTLS = proxyTLS
        self.connectTimeout = connectTimeout
        self.handshakeTimeout = handshakeTimeout
        self.closeTimeout = closeTimeout
        self.pingInterval = pingInterval
        self.idleTimeout = idleTimeout
        self.receiveLimit = receiveLimit
        self.sendLimit = sendLimit
    }
}

/// The certificate chain and key that a client shows.
public struct ClientIdentity: Hashable, Sendable {
    /// Leaf first.
    public let chain: [Certificate]
    public let key: PrivateKey

    public init(chain: [Certificate], key: PrivateKey) {
        self.chain = chain
        self.key = key
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.chain == right.chain && left.key.publicKey == right.key.publicKey
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(chain) }
}
