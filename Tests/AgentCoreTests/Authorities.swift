import Certificates
import HandoverToken
import OpAMPProto
import TestPKI
import TestValues
import Vocabulary

@testable import AgentCore

/// Three servers' authorities and one agent's key pair, made anew for each run of the tests.
struct Authorities: Sendable {
    static let shared = Authorities()

    let now = TestClock.start
    let source: Authority
    let target: Authority
    let third: Authority
    let agentKey: PrivateKey
    let request: String
    let leaf: LeafChain
    let uid: InstanceUID

    struct Authority: Sendable {
        let own: TestAuthority
        let id: PeerID
        let endpoint: Endpoint
        let http: Endpoint
        var certificate: Certificate { own.certificate }
        var issuer: Issuer { own.issuer }

        init(_ name: String, number: UInt8) throws {
            own = try TestAuthority("\(name) CA")
            id = PeerID(repeating: number)
            endpoint = try Endpoint("wss://\(name).example:4320/v1/opamp")
            http = try Endpoint("https://\(name).example:4320/v1/opamp")
        }

        var trust: ServerTrust { ServerTrust(anchors: CertificateBundle([certificate])) }
        var tokenSigners: TokenSigners { get throws { try TrustSet([certificate]) } }
    }

    private init() {
        do {
            source = try Authority("source", number: 1)
            target = try Authority("target", number: 2)
            third = try Authority("third", number: 3)
            agentKey = try PrivateKey.generateP256()
            request = try SigningRequest(key: agentKey, subject: "agent").pem
            uid = InstanceUID(version7At: now, random: [UInt8](repeating: 9, count: 10))
            leaf = try Self.leaf(from: source, over: agentKey, days: 365)
        } catch {
            preconditionFailure("the test authorities could not be made: \(error)")
        }
    }

    static func leaf(from authority: Authority, over key: PrivateKey, days: Int64) throws -> LeafChain {
        LeafChain(
            leaf: try authority.own.issue(
                .agentLeaf(.init(repeating: 7)), over: key.publicKey, validity: .around(TestClock.start, days: days)))
    }

    // MARK: What the tests configure and offer

    func configuration(
        at endpoint: Endpoint? = nil, isEnrolled: Bool = true, holdsSigners: Bool = true,
        _ change: (inout AgentConfiguration) -> Void = { _ in }
    ) throws -> AgentConfiguration {
        let settings = ConnectionSettings(
            endpoint: endpoint ?? source.endpoint, trust: source.trust, leaf: isEnrolled ? leaf : nil)
        let server = ServerSettings(
            settings: settings, tokenSigners: holdsSigners && isEnrolled ? try source.tokenSigners : nil)
        var configuration = AgentConfiguration(
            server: server,
            report: OwnReport(
                description: AgentDescription(identifyingAttributes: [
                    KeyValue(key: "service.instance.id", value: .string(""))
                ]),
                health: ComponentHealth(healthy: true)),
            identity: HeldIdentity(publicKey: agentKey.publicKey, signingRequest: request),
            bootstrapToken: isEnrolled ? nil : Secret("canary-bootstrap"))
        change(&configuration)
        return configuration
    }

    func token(
        from authority: Authority? = nil, to target: Authority? = nil, endpoint: Endpoint? = nil, epoch: Epoch = 1,
        leaf: LeafChain? = nil, probation: Duration = .seconds(300), issuedAt: Timestamp? = nil, number: UInt8 = 0xC3,
        purpose: HandoverClaims.Purpose = .handover, lasts: Duration = .seconds(3600)
    ) throws -> String {
        let from = authority ?? source
        let to = target ?? self.target
        let issued = issuedAt ?? now
        return try from.issuer.sign(
            HandoverClaims(
                id: .init(repeating: number), issuer: from.id, audience: to.id, issuedAt: issued,
                expiresAt: issued + lasts, leaf: (leaf ?? self.leaf).leaf.fingerprint,
                agent: .init(row: .init(repeating: 0xD4), instanceUID: uid, displayName: "agent", capabilities: 0xA901),
                target: .init(
                    name: "there", endpoint: endpoint ?? to.endpoint, serverCAs: try TrustSet([to.certificate]),
                    tokenSigners: try to.tokenSigners),
                source: .init(name: "here", agentCAs: try TrustSet([from.certificate])),
                epoch: epoch, probation: probation, purpose: purpose))
    }

    /// What a server says about whom to trust where it is concerned, signed by one of its keys.
    func statement(
        by signer: Authority, version: Int64, of authorities: [Certificate]
    ) throws -> ServerToAgent {
        let text = try signer.issuer.sign(
            TrustStatement(
                issuer: signer.id, version: version, serverCAs: try TrustSet(authorities),
                agentCAs: try TrustSet([signer.certificate]), tokenSigners: try TrustSet(authorities),
                opampEndpoint: source.endpoint, issuedAt: now))
        return ServerToAgent(
            customMessage: CustomMessage(
                capability: MoveMessage.capability, type: MoveMessage.statementType, data: Array(text.utf8)))
    }

    /// The handover offer of our own servers.
    func handover(
        from authority: Authority? = nil, to target: Authority? = nil, endpoint: Endpoint? = nil, hash: [UInt8] = [7],
        epoch: Epoch = 1, probation: Duration = .seconds(300), number: UInt8 = 0xC3, issuedAt: Timestamp? = nil
    ) throws -> ConnectionSettingsOffers {
        let to = target ?? self.target
        let there = endpoint ?? to.endpoint
        let token = try token(
            from: authority, to: to, endpoint: there, epoch: epoch, probation: probation, issuedAt: issuedAt,
            number: number)
        return ConnectionSettingsOffers(
            hash: hash,
            opamp: OpAMPConnectionSettings(
                destinationEndpoint: there.description,
                headers: Headers(headers: [Header(key: "Handover-Token", value: token)]),
                certificate: TLSCertificate(cert: Array(leaf.pem.utf8)), heartbeatIntervalSeconds: 30,
                tls: TLSConnectionSettings(caPEMContents: to.certificate.pem)))
    }
}
