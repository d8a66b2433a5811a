import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import TestPKI
import TestValues
import Vocabulary

/// Two servers with their authorities and one agent of the first, made anew for each test run.
struct PeerWorld: Sendable {
    static let shared = PeerWorld()

    struct Server: Sendable {
        let id: PeerID
        let own: TestAuthority
        let federation: Certificate
        let listener: Certificate
        var authority: Certificate { own.certificate }

        fileprivate init(_ name: String, _ byte: UInt8) throws {
            let validity = Validity.around(TestClock.start, days: 90)
            own = try TestAuthority("\(name) CA", validity: validity)
            id = PeerID(repeating: byte)
            federation = try own.issue(.federation(id), subject: name, validity: validity).certificate
            listener = try own.listener(["\(name).example"], validity: validity).certificate
        }
    }

    let now = TestClock.start
    let eu: Server
    let us: Server
    let stranger: Server
    let row = AgentID(repeating: 0xD4)
    let uid = InstanceUID(repeating: 0xE5)
    let leaf: Certificate

    private init() {
        do {
            eu = try Server("eu", 0xA1)
            us = try Server("us", 0xB2)
            stranger = try Server("stranger", 0xC3)
            leaf = try Self.leaf(of: row, by: eu)
        } catch {
            preconditionFailure("the test servers could not be made: \(error)")
        }
    }

    static func leaf(of row: AgentID, by server: Server, key: PrivateKey? = nil) throws -> Certificate {
        try server.own.issue(.agentLeaf(row), key: key, validity: .around(TestClock.start, days: 30)).certificate
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
            id: .init(repeating: number), issuer: from.id, audience: to.id, issuedAt: now,
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
