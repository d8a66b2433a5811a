import Certificates
import HandoverToken
import OpAMPProto
import TestPKI
import TestValues
import Vocabulary

@testable import ServerCore

/// One agent of a server, its peer, and handovers between the two.
struct Sample: Sendable {
    static let shared = Sample()
    static let context = AuditContext(actor: "test", role: "admin")

    let now = TestClock.start
    let own = PeerID(repeating: 0xA1)
    let peerID = PeerID(repeating: 0xB2)
    let authority: Certificate
    let leaves: [Certificate]

    private init() {
        do {
            let own = try TestAuthority("CA")
            authority = own.certificate
            leaves = try (0..<4).map { _ in try own.agent(.init(repeating: 0xD4)).certificate }
        } catch {
            preconditionFailure("the sample could not be made: \(error)")
        }
    }

    /// A row with every member set.
    var agent: AgentRecord {
        AgentRecord(
            id: .init(repeating: 0xD4), displayName: "db-7", instanceUID: .init(repeating: 0xE5), leaf: leaves[0],
            pendingLeaf: leaves[2], previousLeaf: leaves[1].fingerprint, previousLeafUntil: now + .seconds(60),
            leafRevoked: true,
            description: AgentDescription(
                identifyingAttributes: [KeyValue(key: "service.name", value: .string("db"))],
                nonIdentifyingAttributes: [KeyValue(key: "os.type", value: .string("linux"))]),
            capabilities: AgentCapabilities(rawValue: .max), group: nil, configuration: nil,
            configurationStatus: RemoteConfigStatus(
                lastRemoteConfigHash: [1, 2], status: .failed, errorMessage: "no"),
            presence: .movedToPeer(peerID, name: "us"), epoch: 7,
            health: ComponentHealth(healthy: true, startTimeUnixNano: 5, status: "well"), lastSeen: now,
            offeredSettings: [UInt8](repeating: 6, count: 32), copyDetectedAt: now + .seconds(2),
            origin: AgentOrigin(
                peer: own, peerName: "eu", row: .init(repeating: 0xD5), handover: .init(repeating: 0xF6)))
    }

    /// A peer with every member set.
    func peer() throws -> PeerRecord {
        let digest = [UInt8](repeating: 4, count: 32)
        return PeerRecord(
            name: "us", endpoint: try Endpoint("https://us.example"), id: peerID,
            pin: PeerPin(leaves[0], previous: leaves[1], previousUntil: now),
            trust: PeerTrust(
                serverCAs: try TrustSet([authority]), agentCAs: try TrustSet([authority]),
                tokenSigners: try TrustSet([authority]), version: 3),
            opampEndpoint: try Endpoint("wss://us.example:4320/v1/opamp"),
            inbound: InboundSecret(digest: digest, previousDigest: digest, previousUntil: now),
            outbound: OutboundSecret(sealed: [1, 2], digest: digest), enabled: false, lastContact: now,
            lastError: "federation.refused", acceptedCertificate: leaves[2].fingerprint)
    }

    func claims(_ number: UInt8, epoch: Epoch = 1, leaf: Int = 0) throws -> HandoverClaims {
        HandoverClaims(
            id: .init(repeating: number), issuer: own, audience: peerID,
            issuedAt: now + .seconds(Int64(number)), expiresAt: now + .seconds(3600),
            leaf: leaves[leaf].fingerprint,
            agent: .init(row: agent.id, instanceUID: agent.instanceUID, displayName: "db-7", capabilities: 0x101),
            target: .init(
                name: "us", endpoint: try Endpoint("wss://us.example:4320/v1/opamp"),
                serverCAs: try TrustSet([authority]), tokenSigners: try TrustSet([authority]),
                headers: [.init("X-Tenant", Secret("a"))]),
            source: .init(name: "eu", agentCAs: try TrustSet([authority])), epoch: epoch,
            probation: .seconds(300))
    }

    func source(
        _ number: UInt8, _ phase: SourceHandover.Phase = .issued, epoch: Epoch = 1
    ) throws -> SourceHandover {
        var source = SourceHandover.issue(
            try claims(number, epoch: epoch), tokenDigest: [1, 2, 3], certificate: .repeat
        ).state
        source.phase = phase
        return source
    }

    func target(
        _ number: UInt8, _ phase: TargetHandover.Phase = .awaiting, epoch: Epoch = 1
    ) throws -> TargetHandover {
        var target = TargetHandover(claims: try claims(number, epoch: epoch), tokenDigest: [4, 5, 6])
        target.phase = phase
        target.redemption = Redemption(
            id: .init(repeating: 0x77), row: agent.id, reusesRow: false, group: nil, configuration: nil)
        target.deadline = now
        target.probationEnds = now + .seconds(1)
        target.offerHash = [9, 9]
        return target
    }
}
