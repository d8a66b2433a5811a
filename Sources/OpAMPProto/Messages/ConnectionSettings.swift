/// Settings a server offers for an agent's connections (OpAMP, "ConnectionSettingsOffers").
public struct ConnectionSettingsOffers: Hashable, Sendable {
    /// Identifies the offer; the agent repeats it in `ConnectionSettingsStatus`.
    public var hash: [UInt8]
    public var opamp: OpAMPConnectionSettings?
    public var ownMetrics: TelemetryConnectionSettings?
    public var ownTraces: TelemetryConnectionSettings?
    public var ownLogs: TelemetryConnectionSettings?
    public var otherConnections: [String: OtherConnectionSettings]

    public init(
        hash: [UInt8] = [],
        opamp: OpAMPConnectionSettings? = nil,
        ownMetrics: TelemetryConnectionSettings? = nil,
        ownTraces: TelemetryConnectionSettings? = nil,
        ownLogs: TelemetryConnectionSettings? = nil,
        otherConnections: [String: OtherConnectionSettings] = [:]
    ) {
        self.hash = hash
        self.opamp = opamp
        self.ownMetrics = ownMetrics
        self.ownTraces = ownTraces
        self.ownLogs = ownLogs
        self.otherConnections = otherConnections
    }
}

/// How to reach the OpAMP server from now on.
public struct OpAMPConnectionSettings: Hashable, Sendable {
    /// A `ws`, `wss`, `http` or `https` URL.
    public var destinationEndpoint: String
    public var headers: Headers?
    /// The agent's own certificate, not its trust.
    public var certificate: TLSCertificate?
    public var heartbeatIntervalSeconds: UInt64
    public var tls: TLSConnectionSettings?
    public var proxy: ProxyConnectionSettings?

    public init(
        destinationEndpoint: String = "",
        headers: Headers? = nil,
        certificate: TLSCertificate? = nil,
        heartbeatIntervalSeconds: UInt64 = 0,
        tls: TLSConnectionSettings? = nil,
        proxy: ProxyConnectionSettings? = nil
    ) {
        self.destinationEndpoint = destinationEndpoint
        self.headers = headers
        self.certificate = certificate
        self.heartbeatIntervalSeconds = heartbeatIntervalSeconds
        self.tls = tls
        self.proxy = proxy
    }
}

/// Where an agent sends telemetry of its own.
public struct TelemetryConnectionSettings: Hashable, Sendable {
    public var destinationEndpoint: String
    public var headers: Headers?
    public var certificate: TLSCertificate?
    public var tls: TLSConnectionSettings?
    public var proxy: ProxyConnectionSettings?

    public init(
        destinationEndpoint: String = "",
        headers: Headers? = nil,
        certificate: TLSCertificate? = nil,
        tls: TLSConnectionSettings? = nil,
        proxy: ProxyConnectionSettings? = nil
    ) {
        self.destinationEndpoint = destinationEndpoint
        self.headers = headers
        self.certificate = certificate
        self.tls = tls
        self.proxy = proxy
    }
}

/// A connection whose meaning agent and server agree on by its name.
public struct OtherConnectionSettings: Hashable, Sendable {
    public var destinationEndpoint: String
    public var headers: Headers?
    public var certificate: TLSCertificate?
    public var otherSettings: [String: String]
    public var tls: TLSConnectionSettings?
    public var proxy: ProxyConnectionSettings?

    public init(
        destinationEndpoint: String = "",
        headers: Headers? = nil,
        certificate: TLSCertificate? = nil,
        otherSettings: [String: String] = [:],
        tls: TLSConnectionSettings? = nil,
        proxy: ProxyConnectionSettings? = nil
    ) {
        self.destinationEndpoint = destinationEndpoint
        self.headers = headers
        self.certificate = certificate
        self.otherSettings = otherSettings
        self.tls = tls
        self.proxy = proxy
    }
}

/// A set of headers; the message's presence says that it replaces the set in use.
public struct Headers: Hashable, Sendable {
    public var headers: [Header]

    public init(headers: [Header] = []) {
        self.headers = headers
    }
}

/// One header. Its value is left out of every printed form.
public struct Header: Hashable, Sendable {
    public var key: String
    public var value: String

    public init(key: String = "", value: String = "") {
        self.key = key
        self.value = value
    }
}

/// A certificate for the agent to present. Its private key is left out of every printed form.
public struct TLSCertificate: Hashable, Sendable {
    /// PEM.
    public var cert: [UInt8]
    /// PEM; empty when the agent holds the key.
    public var privateKey: [UInt8]
    /// PEM of the issuer of `cert`; no authority for anything else.
    public var caCert: [UInt8]

    public init(cert: [UInt8] = [], privateKey: [UInt8] = [], caCert: [UInt8] = []) {
        self.cert = cert
        self.privateKey = privateKey
        self.caCert = caCert
    }
}

/// What a TLS connection is to demand.
public struct TLSConnectionSettings: Hashable, Sendable {
    /// PEM of the CAs that may have issued the server's certificate.
    public var caPEMContents: String
    public var includeSystemCACertsPool: Bool
    public var insecureSkipVerify: Bool
    /// `1.2` or `TLSv1.2`, and so on; empty means 1.2.
    public var minVersion: String
    /// Empty means no upper bound.
    public var maxVersion: String
    public var cipherSuites: [String]

    public init(
        caPEMContents: String = "",
        includeSystemCACertsPool: Bool = false,
        insecureSkipVerify: Bool = false,
        minVersion: String = "",
        maxVersion: String = "",
        cipherSuites: [String] = []
    ) {
        self.caPEMContents = caPEMContents
        self.includeSystemCACertsPool = includeSystemCACertsPool
        self.insecureSkipVerify = insecureSkipVerify
        self.minVersion = minVersion
        self.maxVersion = maxVersion
        self.cipherSuites = cipherSuites
    }
}

/// A proxy on the way.
public struct ProxyConnectionSettings: Hashable, Sendable {
    /// A URL or `host:port`.
    public var url: String
    /// For the CONNECT request alone.
    public var connectHeaders: Headers?

    public init(url: String = "", connectHeaders: Headers? = nil) {
        self.url = url
        self.connectHeaders = connectHeaders
    }
}

/// What became of the offer with the given hash.
public struct ConnectionSettingsStatus: Hashable, Sendable {
    public var lastConnectionSettingsHash: [UInt8]
    public var status: ConnectionSettingsStatuses
    /// Only with `.failed`.
    public var errorMessage: String

    public init(
        lastConnectionSettingsHash: [UInt8] = [],
        status: ConnectionSettingsStatuses = .unset,
        errorMessage: String = ""
    ) {
        self.lastConnectionSettingsHash = lastConnectionSettingsHash
        self.status = status
        self.errorMessage = errorMessage
    }
}
