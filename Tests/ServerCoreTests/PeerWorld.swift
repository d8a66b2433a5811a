import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import Vocabulary

/// Two servers with their authorities and one agent of the first, made anew for each test run.
struct PeerWorld: Sendable {
    static let shared = PeerWorld()

    struct Server: Sendable {
        let id: PeerID
        let key: PrivateKey
        let authority: Certificate
        let issuer: Issuer
        let federation: Certificate
        let listener: Certificate
    }

    let now = Timestamp(seconds: 1_800_000_000)
    let eu: Server
    let us: Server
    let stranger: Server
    let row: AgentID = identity(0xD4)
    let uid: InstanceUID = identity(0xE5)
    let leaf: Certificate

    private init() {
        do {
            eu = try Self.server("eu", 0xA1, at: now)
            us = try Self.server("us", 0xB2, at: now)
            stranger = try Self.server("stranger", 0xC3, at: now)
            leaf = try Self.leaf(of: row, by: eu, at: now)
        } catch {
            preconditionFailure("the test servers could not be made: \(error)")
        }
    }

    private static func server(_ name: String, _ byte: UInt8, at now: Timestamp) throws -> Server {
        let key = try PrivateKey.generateP256()
        let validity = Validity(notBefore: now - .seconds(3600), notAfter: now + .seconds(90 * 86_400))
        let authority = try Issuer.selfSigned(
            subject: "\(name) CA", key: key, serial: [0x10, byte], validity: validity)
        let issuer = try Issuer(certificate: authority, key: key)
        let id: PeerID = identity(byte)
        let publicKey = try PrivateKey.generateP256().publicKey
        return Server(
            id: id, key: key, authority: authority, issuer: issuer,
            federation: try issuer.issue(
                .federation(id), subject: name, publicKey: publicKey, serial: [0x11, byte], validity: validity),
            listener: try issuer.issue(
                .listener(names: ["\(name).example"]), subject: name, publicKey: publicKey, serial: [0x12, byte],
                validity: validity))
    }

    static func leaf(
        of row: AgentID, by server: Server, at now: Timestamp, serial: UInt8 = 1, key: PrivateKey? = nil
    ) throws -> Certificate {
        try server.issuer.issue(
            .agentLeaf(row), subject: "agent", publicKey: (try key ?? .generateP256()).publicKey,
            serial: [0x13, serial],
            validity: Validity(notBefore: now - .seconds(60), notAfter: now + .seconds(30 * 86_400)))
    }

    static func identity<Kind>(_ byte: UInt8) -> Identifier<Kind> {
        guard let identifier = Identifier<Kind>(bytes: [UInt8](repeating: byte, count: 16)) else {
            preconditionFailure("16 bytes are an identifier")
        }
        return identifier
    }

    // MARK: - Rows

    func peer(_ server: Server, name: String) throws -> PeerRecord {
        let secret = Credential.federationSecret
        return PeerRecord(
            name: name, endpoint: try Endpoint("https://\(name).example"), id: server.id,
            pin: PeerPin(server.federation),
            trust: PeerTrust(
                serverCAs: try TrustSet([server.authority]), agentCAs: try TrustSet([server.authority]),
                tokenSigners: try TrustSet([server.authority]), version: 3),
            opampEndpoint: try Endpoint("wss://us.example:4320/v1/opamp"),
            inbound: secret.digest(of: inboundText).map { InboundSecret(digest: $0) },
            outbound: OutboundSecret(sealed: [1], digest: [2]), lastContact: now)
    }

    var inboundText: String {
        Credential.federationSecret.text(random: [UInt8](repeating: 7, count: 32)).revealText()
    }

    func agent(presence: Presence = .live) -> AgentRecord {
        AgentRecord(
            id: row, displayName: "db-7", instanceUID: uid, leaf: leaf,
            capabilities: [.reportsStatus, .acceptsOpAMPConnectionSettings], group: "prod", configuration: "base",
            presence: presence, epoch: 2)
    }

    func claims(
        _ number: UInt8 = 1, epoch: Epoch = 3, from: Server? = nil, to: Server? = nil,
        agentCA: Certificate? = nil, endpoint: String = "wss://us.example:4320/v1/opamp"
    ) throws -> HandoverClaims {
        let (from, to) = (from ?? eu, to ?? us)
        return HandoverClaims(
            id: Self.identity(number), issuer: from.id, audience: to.id, issuedAt: now,
            expiresAt: now + .seconds(3600), leaf: leaf.fingerprint,
            agent: .init(
                row: row, instanceUID: uid, displayName: "db-7", capabilities: 0x101, group: "prod",
                configuration: "base"),
            target: .init(
                name: "us", endpoint: try Endpoint(endpoint),
                serverCAs: try TrustSet([to.authority]), tokenSigners: try TrustSet([to.authority])),
            source: .init(name: "eu", agentCAs: try TrustSet([agentCA ?? eu.authority])), epoch: epoch,
            probation: .seconds(300))
    }

    /// The same claims for an agent with these capabilities.
    func claims(_ claims: HandoverClaims, capabilities: UInt64) -> HandoverClaims {
        HandoverClaims(
            id: claims.id, issuer: claims.issuer, audience: claims.audience, issuedAt: claims.issuedAt,
            expiresAt: claims.expiresAt, leaf: claims.leaf,
            agent: .init(
                row: claims.agent.row, instanceUID: claims.agent.instanceUID, displayName: claims.agent.displayName,
                capabilities: capabilities, group: claims.agent.group, configuration: claims.agent.configuration),
            target: claims.target, source: claims.source, epoch: claims.epoch, probation: claims.probation)
    }
}
