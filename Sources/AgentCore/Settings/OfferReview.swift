public import Certificates
import HandoverToken
public import OpAMPProto
public import Vocabulary

/// Reads an offer: what would the agent's settings be, and may they be?
///
/// Pure, and the only place where something received becomes settings.
public struct OfferReview: Sendable {
    /// What the agent has now.
    public var active: ServerSettings
    public var policy: OfferPolicy
    /// The held key pair's public half; `nil` on a host without one.
    public var ownKey: PublicKey?
    public var epoch: Epoch
    /// When the offer arrived; a token has to hold then, however long the agent was busy.
    public var receivedAt: Timestamp
    /// A handover has not settled: the leaf stays as it is.
    public var isOnProbation: Bool
    /// The leaf comes from a file of the host.
    public var hasLeafOfItsOwn: Bool
    /// The CAs that the present server's last trust statement names for its listener.
    public var statedCAs: [Certificate]

    public init(
        active: ServerSettings, policy: OfferPolicy, ownKey: PublicKey?, epoch: Epoch, receivedAt: Timestamp,
        isOnProbation: Bool = false, hasLeafOfItsOwn: Bool = false, statedCAs: [Certificate] = []
    ) {
        self.active = active
        self.policy = policy
        self.ownKey = ownKey
        self.epoch = epoch
        self.receivedAt = receivedAt
        self.isOnProbation = isOnProbation
        self.hasLeafOfItsOwn = hasLeafOfItsOwn
        self.statedCAs = statedCAs
    }

    public struct Resolution: Equatable, Sendable {
        public var server: ServerSettings
        /// From a token that held; `nil` without one.
        public var handover: HandoverFacts?
        /// A token came that nobody could check, since the agent holds no token signers.
        public var isTokenUnchecked = false
        /// The end of a token that held.
        public var tokenEnd: Timestamp?
    }

    /// Settings that an offer asks for, before anybody has asked whether its server may ask for them.
    struct Reading: Equatable {
        var settings: ConnectionSettings
        var token: String?
        var purpose = HandoverClaims.Purpose.handover
        var serverChange: ServerChange?
    }

    /// What makes an offer lead to another server, although nobody may have said so.
    enum ServerChange: Equatable {
        case origin
        /// The holder of any certificate of these CAs can use the server's name.
        case roots
        case proxy

        /// Without a token.
        var refusal: OfferRefusal {
            switch self {
            case .origin: .tokenMissing
            case .roots: .rootsNotStated
            case .proxy: .proxyWithoutToken
            }
        }
    }

    /// Every rule for offers. Absent parts keep what there is; nothing is half applied.
    public func resolve(_ offer: OpAMPConnectionSettings) throws(OfferRefusal) -> Resolution {
        try resolve(read(offer))
    }

    /// Settings for another server, which the agent does not use yet. They always need a token.
    func resolve(standby grant: OtherConnectionSettings) throws(OfferRefusal) -> Resolution {
        guard let token = grant.otherSettings[StandbyGrant.tokenSetting] else { throw .standbyWithoutToken }
        var reading = try read(
            OpAMPConnectionSettings(
                destinationEndpoint: grant.destinationEndpoint, headers: grant.headers,
                certificate: grant.certificate, tls: grant.tls, proxy: grant.proxy))
        guard reading.serverChange == .origin else { throw .standbyAtHome }
        reading.settings.heartbeat = active.settings.heartbeat
        (reading.token, reading.purpose) = (token, .standby)
        guard active.tokenSigners != nil else { throw .noTokenSigners }
        return try resolve(reading)
    }

    func read(_ offer: OpAMPConnectionSettings) throws(OfferRefusal) -> Reading {
        var settings = active.settings
        settings.endpoint = try endpoint(of: offer)
        let isNewOrigin = settings.endpoint.origin != active.settings.endpoint.origin
        let offered = try offer.headers.map { list throws(OfferRefusal) in try OfferedHeaders.read(list) }
        if let offered {
            settings.headers = offered.fields
        } else if isNewOrigin {
            // Credentials of one server are nobody else's (Fetch and RFC 6454 have the same rule for redirects).
            settings.headers = []
        }
        // Somebody trusted this very host unverified.
        if isNewOrigin, !policy.allowsSkippingVerification { settings.skipsVerification = false }
        if let tls = offer.tls { try OfferedTLS.apply(tls, to: &settings, policy: policy) }
        // The operator's floor holds for what was there before, too.
        settings.tls.minimum = max(settings.tls.minimum, policy.minimumTLS)
        guard settings.tls.minimum <= settings.tls.maximum else { throw .tlsTooOld(settings.tls.maximum.rawValue) }
        if let proxy = offer.proxy { settings.proxy = try OfferedProxy.read(proxy, policy: policy) }
        settings.leaf = try leaf(of: offer)
        settings.heartbeat = heartbeat(of: offer, at: settings.endpoint)
        return Reading(settings: settings, token: offered?.token, serverChange: serverChange(to: settings))
    }

    private func serverChange(to settings: ConnectionSettings) -> ServerChange? {
        let held = active.settings
        if settings.endpoint.origin != held.endpoint.origin { return .origin }
        if settings.trust.includesSystemRoots, !held.trust.includesSystemRoots { return .roots }
        let known = held.trust.anchors.certificates + statedCAs
        if settings.trust.anchors.certificates.contains(where: { !known.contains($0) }) { return .roots }
        return settings.proxy == nil || settings.proxy == held.proxy ? nil : .proxy
    }

    func resolve(_ reading: Reading) throws(OfferRefusal) -> Resolution {
        let settings = reading.settings
        var resolution = Resolution(
            server: ServerSettings(
                settings: settings, tokenSigners: active.tokenSigners, signersVersion: active.signersVersion))
        guard resolution.server.json.utf8.count <= AgentState.homeBytes else {
            throw .tooLarge(limit: AgentState.homeBytes)
        }
        try checkToken(of: reading, into: &resolution)
        // The target knows the leaf that the token is bound to, and no other.
        guard reading.token == nil || settings.leaf?.leaf == active.settings.leaf?.leaf else {
            throw .leafChangeInHandover
        }
        return resolution
    }

    private func endpoint(of offer: OpAMPConnectionSettings) throws(OfferRefusal) -> Endpoint {
        let current = active.settings.endpoint
        guard !offer.destinationEndpoint.isEmpty else { return current }
        let endpoint: Endpoint
        do { endpoint = try Endpoint(offer.destinationEndpoint) } catch { throw .badEndpoint(error) }
        guard endpoint.isTLS || !current.isTLS || policy.allowsLeavingTLS else { throw .leavesTLS }
        guard endpoint == current || policy.allows(endpoint) else { throw .endpointNotAllowed(endpoint) }
        return endpoint
    }

    /// `cert` without a key means the held one: the specification's CSR flow, and how an offer says "keep your leaf".
    private func leaf(of offer: OpAMPConnectionSettings) throws(OfferRefusal) -> LeafChain? {
        let held = active.settings.leaf
        guard let certificate = offer.certificate else {
            switch policy.absentCertificate {
            case .keep: return held
            case .drop: return isOnProbation && held != nil ? try refuseLeafChange() : nil
            }
        }
        guard certificate.privateKey.isEmpty || policy.acceptsOfferedKeys else { throw .privateKeyOffered }
        guard let pem = String(validating: certificate.cert, as: UTF8.self) else { throw .badCertificate }
        var chain: LeafChain
        do { chain = try LeafChain(pem: pem) } catch { throw .badCertificate }
        chain.offeredKey = try OfferedKey.read(certificate.privateKey, of: chain.leaf, own: ownKey, held: held)
        if hasLeafOfItsOwn, chain.leaf != held?.leaf { throw .leafOfTheHost }
        if isOnProbation, chain.leaf != held?.leaf { return try refuseLeafChange() }
        return chain
    }

    private func refuseLeafChange() throws(OfferRefusal) -> LeafChain? { throw .leafChangeOnProbation }

    /// 0 is off on WebSocket and says nothing on HTTP, where an agent that stops polling would be gone for good.
    private func heartbeat(of offer: OpAMPConnectionSettings, at endpoint: Endpoint) -> Duration? {
        switch (offer.heartbeatIntervalSeconds, endpoint.isWebSocket) {
        case (0, true): nil
        case (0, false): active.settings.heartbeat
        case (let seconds, _): .seconds(Int64(min(seconds, Self.longestHeartbeat)))
        }
    }

    /// A day: longer than that nobody could tell an agent from a dead one.
    static let longestHeartbeat: UInt64 = 86_400

    private func checkToken(of reading: Reading, into resolution: inout Resolution) throws(OfferRefusal) {
        guard let text = reading.token else {
            guard let change = reading.serverChange, policy.requiresToken(holding: active.tokenSigners) else { return }
            throw change.refusal
        }
        guard let signers = active.tokenSigners else {
            guard policy.requiresToken != .always else { throw .noTokenSigners }
            resolution.isTokenUnchecked = true
            return
        }
        guard let ownLeaf = active.settings.leaf?.leaf.fingerprint else { throw .tokenWithoutLeaf }
        let check = AgentTokenCheck(
            ownLeaf: ownLeaf, tokenSigners: signers, endpoint: resolution.server.settings.endpoint,
            serverCAs: resolution.server.settings.trust.anchors, currentEpoch: epoch, receivedAt: receivedAt,
            purpose: reading.purpose)
        let claims: HandoverClaims
        do { claims = try check.check(text).claims } catch { throw .token(error) }
        guard !resolution.server.settings.trust.includesSystemRoots else { throw .token(.wrongServerCA) }
        resolution.server.tokenSigners = claims.target.tokenSigners
        resolution.server.signersVersion = 0
        resolution.handover = HandoverFacts(id: claims.id, epoch: claims.epoch, probation: claims.probation)
        resolution.tokenEnd = claims.expiresAt
    }
}
