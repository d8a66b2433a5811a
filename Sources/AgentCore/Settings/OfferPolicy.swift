public import HandoverToken
public import Vocabulary

/// What the operator of the host allows, whatever a server offers. The defaults refuse everything that lowers
/// verification.
public struct OfferPolicy: Equatable, Sendable {
    public enum TokenRule: String, Hashable, Sendable, CaseIterable {
        /// A change of origin needs a handover token once the agent holds any token signers.
        case auto
        /// Every change of origin needs one.
        case always
        case never
    }

    /// What an offer without `certificate` means.
    public enum AbsentCertificate: String, Hashable, Sendable, CaseIterable {
        case keep
        /// Strictly as OpAMP's TLSCertificate says: use no client certificate.
        case drop
    }

    public var requiresToken: TokenRule
    public var absentCertificate: AbsentCertificate
    /// `nil` allows every endpoint.
    public var allowedEndpoints: [EndpointPattern]?
    public var allowsLeavingTLS: Bool
    public var allowsSkippingVerification: Bool
    /// A certificate may come with a private key that its server has made.
    public var acceptsOfferedKeys = false
    /// No resolved offer goes below it, whatever it leaves out.
    public var minimumTLS: TLSVersion
    /// At most so many adoptions in `adoptionWindow`, and so many moves begun, successful or not.
    public var adoptionLimit: Int
    public var attemptLimit: Int
    public var adoptionWindow: Duration

    public init(
        requiresToken: TokenRule = .auto, absentCertificate: AbsentCertificate = .keep,
        allowedEndpoints: [EndpointPattern]? = nil, allowsLeavingTLS: Bool = false,
        allowsSkippingVerification: Bool = false, minimumTLS: TLSVersion = .tls12, adoptionLimit: Int = 3,
        attemptLimit: Int = 20, adoptionWindow: Duration = .seconds(600)
    ) {
        self.requiresToken = requiresToken
        self.absentCertificate = absentCertificate
        self.allowedEndpoints = allowedEndpoints
        self.allowsLeavingTLS = allowsLeavingTLS
        self.allowsSkippingVerification = allowsSkippingVerification
        self.minimumTLS = minimumTLS
        self.adoptionLimit = adoptionLimit
        self.attemptLimit = attemptLimit
        self.adoptionWindow = adoptionWindow
    }

    func allows(_ endpoint: Endpoint) -> Bool {
        allowedEndpoints?.contains { $0.matches(endpoint) } ?? true
    }

    /// Whether settings that were allowed when they were offered still are.
    func allows(_ settings: ConnectionSettings, insteadOf present: ConnectionSettings) -> Bool {
        allows(settings.endpoint)
            && (settings.endpoint.isTLS || !present.endpoint.isTLS || allowsLeavingTLS)
            && (!settings.skipsVerification || allowsSkippingVerification) && settings.tls.maximum >= minimumTLS
    }

    /// Whether an offer that leads to another server has to bring a token.
    public func requiresToken(holding signers: TokenSigners?) -> Bool {
        switch requiresToken {
        case .auto: signers != nil
        case .always: true
        case .never: false
        }
    }
}

/// `host`, `host:port` or `*.domain[:port]`, as written under `handover.allowed_endpoints`; an IPv6 address stands in
/// brackets.
public struct EndpointPattern: Hashable, Sendable {
    public let host: String
    public let includesSubdomainsOnly: Bool
    public let port: UInt16?

    /// `nil` when the text is none of the three forms.
    public init?(_ text: String) {
        let isWild = text.hasPrefix("*.")
        guard let endpoint = try? Endpoint("wss://" + (isWild ? String(text.dropFirst(2)) : text)),
            endpoint.path == "/", !text.hasSuffix("/")
        else { return nil }
        let hasPort = text.hasSuffix("]") ? false : text.split(separator: "]").last?.contains(":") == true
        host = endpoint.host
        includesSubdomainsOnly = isWild
        port = hasPort ? endpoint.port : nil
    }

    public func matches(_ endpoint: Endpoint) -> Bool {
        let isHost = includesSubdomainsOnly ? endpoint.host.hasSuffix("." + host) : endpoint.host == host
        return isHost && (port == nil || port == endpoint.port)
    }
}
