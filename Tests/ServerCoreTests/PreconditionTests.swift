import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import TestValues
import Testing
import Vocabulary

@Suite struct IssueTests {
    let world = PeerWorld.shared

    private func issue() throws -> HandoverIssue {
        HandoverIssue(
            agent: world.agent(), peer: try world.peer(world.us, name: "us"), open: nil, server: world.eu.id,
            serverName: "eu", agentCAs: [world.stranger.authority, world.eu.authority])
    }

    @Test func `the claims say what the rows say, one epoch later`() throws {
        let claims = try issue().claims(id: .init(repeating: 1), at: world.now)
        #expect(claims == (try world.claims()))
    }

    @Test func `the epoch is higher than the row's, and than the one that the operator has been told`() throws {
        var issue = try issue()
        issue.agent.epoch = 4
        for (told, expected) in [(0, 5), (3, 5), (4, 5), (9, 10)] as [(Epoch, Epoch)] {
            issue.laterThan = told
            #expect(try issue.claims(id: .init(repeating: 1), at: world.now).epoch == expected)
        }
    }

    @Test func `only the authority that issued the leaf travels`() throws {
        let claims = try issue().claims(id: .init(repeating: 1), at: world.now)
        #expect(claims.source.agentCAs.certificates == [world.eu.authority])
    }

    @Test func `an agent that is back where it enrolled can be handed over again`() throws {
        var issue = try issue()
        // The token that brought it back repeats the authority of its leaf.
        issue.agentCAs += [world.eu.authority]
        let claims = try issue.claims(id: .init(repeating: 1), at: world.now)
        #expect(claims.source.agentCAs.certificates == [world.eu.authority])
    }

    static let changes: [(String, @Sendable (inout HandoverIssue) -> Void)] = [
        ("peer-disabled", { $0.peer.enabled = false }),
        ("peer-incomplete", { $0.peer.inbound = nil }),
        ("peer-incomplete", { $0.peer.outbound = nil }),
        ("peer-incomplete", { $0.peer.lastContact = nil }),
        ("peer-incomplete", { $0.peer.opampEndpoint = nil }),
        ("agent-lacks-capability", { $0.agent.capabilities = [.reportsStatus] }),
        ("agent-has-no-leaf", { $0.agent.leaf = nil }),
        ("leaf-not-valid", { $0.agentCAs = [] }),
        ("leaf-revoked", { $0.agent.leafRevoked = true }),
        ("agent-elsewhere", { $0.agent.presence = .movedToPeer(PeerWorld.shared.us.id, name: "us") }),
        ("agent-elsewhere", { $0.agent.presence = .withdrawn }),
        ("handover-open", { $0.open = (.init(repeating: 8), "moved") }),
        ("ttl-out-of-range", { $0.timeToLive = .seconds(59) }),
        ("ttl-out-of-range", { $0.timeToLive = .seconds(24 * 3600 + 1) }),
        ("probation-out-of-range", { $0.probation = .seconds(24 * 3600 + 1) }),
    ]

    @Test(arguments: changes.indices)
    func `each missing precondition is refused by name`(index: Int) throws {
        var issue = try issue()
        Self.changes[index].1(&issue)
        let refusal = #expect(throws: HandoverRefusal.self) {
            try issue.claims(id: .init(repeating: 1), at: world.now)
        }
        #expect(refusal?.operatorMessage.code == "handover.\(Self.changes[index].0)")
    }

    @Test func `a leaf that is not valid yet is named, and not called unknown`() throws {
        let early = world.leaf.notBefore - .seconds(3600)
        let refusal = #expect(throws: HandoverRefusal.self) {
            try issue().claims(id: .init(repeating: 1), at: early)
        }
        guard case .leafNotValid(let problems)? = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(problems.contains(.notYetValid(world.leaf)))
    }

    @Test func `an agent that is offline is a warning`() throws {
        var issue = try issue()
        #expect(issue.warnings.isEmpty)
        issue.agent.presence = .offline
        #expect(issue.warnings.count == 1)
        _ = try issue.claims(id: .init(repeating: 1), at: world.now)
    }

    @Test func `the offer repeats the leaf without a key and carries its own hash`() throws {
        let claims = try world.claims()
        var offers = try ConnectionSettingsOffers.handover(
            claims, token: "opamp-ho.t", leaf: world.leaf, certificate: .repeat)
        let settings = try #require(offers.opamp)
        #expect(settings.destinationEndpoint == "wss://us.example:4320/v1/opamp")
        #expect(settings.certificate == TLSCertificate(cert: Array(world.leaf.pem.utf8)))
        #expect(settings.tls?.caPEMContents == world.us.authority.pem)
        #expect(settings.headers?.headers == [Header(key: "Handover-Token", value: "opamp-ho.t")])
        let hash = offers.hash
        offers.hash = []
        #expect(hash == Digest.sha256(try offers.encoded()))
        let omitted = try ConnectionSettingsOffers.handover(
            claims, token: "opamp-ho.t", leaf: world.leaf, certificate: .omit)
        #expect(omitted.opamp?.certificate == nil)
    }

    @Test(arguments: [("wss", 30), ("https", 0)] as [(String, UInt64)])
    func `the offer keeps heartbeats on, and a polling interval as the host has it`(scheme: String, seconds: UInt64)
        throws
    {
        let claims = try world.claims(endpoint: "\(scheme)://us.example:4320/v1/opamp")
        let offers = try ConnectionSettingsOffers.handover(
            claims, token: "opamp-ho.t", leaf: world.leaf, certificate: .repeat)
        #expect(offers.opamp?.heartbeatIntervalSeconds == seconds)
    }
}

@Suite struct RedemptionTests {
    let world = PeerWorld.shared

    private func review() throws -> RedemptionReview {
        RedemptionReview(
            claims: try world.claims(), peer: try world.peer(world.eu, name: "eu"), known: nil, rows: [],
            departures: [],
            ownEndpoints: [try Endpoint("wss://us.example:4320/v1/opamp")], listener: world.us.listener,
            groups: ["prod", "edge"], configurations: ["base", "other"],
            source: .phase(.issued, redemption: nil))
    }

    private func redeem(_ review: RedemptionReview, _ choice: RedemptionReview.Choice = .init()) throws -> Redemption {
        try review.redemption(
            .init(repeating: 0x21), choice: choice, newRow: .init(repeating: 0x22),
            freshUID: .init(repeating: 0x23), at: world.now)
    }

    static let changes: [(String, @Sendable (inout RedemptionReview) -> Void)] = [
        ("peer-disabled", { $0.peer.enabled = false }),
        ("endpoint-not-mine", { $0.ownEndpoints = [] }),
        ("listener-not-covered", { $0.listener = PeerWorld.shared.stranger.listener }),
        ("listener-not-covered", { $0.listener = PeerWorld.shared.us.federation }),
        ("configuration-missing", { $0.configurations = ["other"] }),
        ("uid-collision", { $0.rows = [agentWithSameUID(.offline, leaf: PeerWorld.shared.us.federation)] }),
        ("agent-here", { $0.rows = [agentWithSameUID(.offline)] }),
        ("source-unreachable", { $0.source = .unanswered }),
        ("unknown", { $0.source = .refused(code: "handover.unknown") }),
        ("already-redeemed", { $0.source = .phase(.moved, redemption: .init(repeating: 0x31)) }),
        ("expired", { $0.source = .phase(.expired, redemption: nil) }),
        ("cancelled", { $0.source = .phase(.cancelled, redemption: nil) }),
        ("cancelled", { $0.source = .phase(.returned, redemption: .init(repeating: 0x31)) }),
        ("leaf-revoked", { $0.rows = [revoked(leaf: PeerWorld.shared.leaf)] }),
        ("leaf-revoked", { $0.rows = [revoked(previously: PeerWorld.shared.leaf.fingerprint)] }),
        ("stale-epoch", { $0.rows = [agentWithSameUID(.movedToPeer(PeerWorld.shared.eu.id, name: "eu"), epoch: 3)] }),
        ("already-redeemed", { $0.known = try? HandoverStages().target(.awaiting) }),
        ("over", { $0.known = try? HandoverStages().target(.withdrawn) }),
    ]

    private static func revoked(leaf: Certificate? = nil, previously: Fingerprint? = nil) -> AgentRecord {
        var row = agentWithSameUID(.movedToPeer(PeerWorld.shared.eu.id, name: "eu"))
        (row.leaf, row.previousLeaf, row.leafRevoked) = (leaf, previously, true)
        return row
    }

    /// A row with the token's uid and, unless another is given, its leaf.
    private static func agentWithSameUID(
        _ presence: Presence, epoch: Epoch = 1, leaf: Certificate = PeerWorld.shared.leaf, id: UInt8 = 0x44
    ) -> AgentRecord {
        var row = PeerWorld.shared.agent(presence: presence)
        row.id = .init(repeating: id)
        row.epoch = epoch
        row.leaf = leaf
        return row
    }

    @Test(arguments: changes.indices)
    func `each obstacle is refused by name`(index: Int) throws {
        var review = try review()
        Self.changes[index].1(&review)
        let refusal = #expect(throws: HandoverRefusal.self) { try redeem(review) }
        #expect(refusal?.operatorMessage.code == "handover.\(Self.changes[index].0)")
    }

    @Test func `group and configuration of the same name are taken unless chosen otherwise`() throws {
        let review = try review()
        let same = try redeem(review)
        #expect(same.group == "prod" && same.configuration == "base")
        let chosen = try redeem(review, .init(group: "edge", configuration: "other"))
        #expect(chosen.group == "edge" && chosen.configuration == "other")
        let without = try redeem(review, .init(withoutConfiguration: true))
        #expect(without.configuration == nil)
        #expect(throws: HandoverRefusal.groupMissing("none")) { try redeem(review, .init(group: "none")) }
        #expect(throws: HandoverRefusal.configurationMissing("none")) {
            try redeem(review, .init(configuration: "none"))
        }
    }

    @Test func `an agent that comes back gets its own moved row again`() throws {
        var review = try review()
        review.rows = [Self.agentWithSameUID(.movedToPeer(world.eu.id, name: "eu"))]
        let redemption = try redeem(review)
        #expect(redemption.reusesRow && redemption.row == .init(repeating: 0x44))
    }

    @Test func `an agent that was seen and then given up gets that row again, since two rows never have one leaf`()
        throws
    {
        var review = try review()
        review.rows = [Self.agentWithSameUID(.withdrawn)]
        let redemption = try redeem(review)
        #expect(!redemption.reusesRow && redemption.row == .init(repeating: 0x44))
    }

    /// A handover of the row 0x45 to the token's source, where its agent arrived as this row.
    private func departure(arrivedAs row: AgentID) throws -> SourceHandover {
        let stages = try HandoverStages()
        let claims = HandoverClaims(
            id: .init(repeating: 7), issuer: world.us.id, audience: world.eu.id, issuedAt: world.now,
            expiresAt: world.now + .seconds(3600), leaf: world.us.federation.fingerprint,
            agent: .init(
                row: .init(repeating: 0x45), instanceUID: world.uid, displayName: "db", capabilities: 0x7),
            target: stages.claims.target, source: stages.claims.source, epoch: 2, probation: .zero)
        var machine = SourceHandover.issue(claims, tokenDigest: [1], certificate: .repeat).state
        let claim = TokenRedemption(
            redemption: .init(repeating: 8), tokenDigest: [1], peer: world.eu.id,
            leaf: world.us.federation.fingerprint, leafRevoked: false, epoch: 2)
        let arrived = HandoverNotice(
            sequence: 1, type: .arrived, epoch: 2, at: world.now, facts: ["agent": row.description])
        for event in [SourceHandover.Event.redeemed(claim), .noticeReceived(arrived)] {
            machine = try machine.next(after: event, at: world.now).state
        }
        return machine
    }

    /// The peer renewed the leaf; the row at the peer says whose row here it is.
    @Test func `an agent with a new leaf gets the row whose agent arrived at the peer as the row in the token`() throws
    {
        var review = try review()
        review.rows = [
            Self.agentWithSameUID(.movedToPeer(world.eu.id, name: "eu"), leaf: world.us.federation, id: 0x45)
        ]
        review.departures = [try departure(arrivedAs: review.claims.agent.row)]
        let redemption = try redeem(review)
        #expect(redemption.reusesRow && redemption.row == .init(repeating: 0x45))
    }

    @Test func `another agent of the peer with that uid does not get the row of one that went there`() throws {
        var review = try review()
        review.rows = [
            Self.agentWithSameUID(.movedToPeer(world.eu.id, name: "eu"), leaf: world.us.federation, id: 0x45)
        ]
        review.departures = [try departure(arrivedAs: .init(repeating: 0x66))]
        let redemption = try redeem(review)
        #expect(!redemption.reusesRow && redemption.row == .init(repeating: 0x22))
    }

    @Test func `a row with the token's leaf comes before one that only moved to the source`() throws {
        var review = try review()
        review.rows = [
            Self.agentWithSameUID(.movedToPeer(world.eu.id, name: "eu"), epoch: 2, leaf: world.us.federation, id: 0x45),
            Self.agentWithSameUID(.withdrawn),
        ]
        review.departures = [try departure(arrivedAs: review.claims.agent.row)]
        let redemption = try redeem(review)
        #expect(!redemption.reusesRow && redemption.row == .init(repeating: 0x44))
    }

    /// Whoever took the uid while the agent was away does not keep it out of its own row.
    @Test func `a stranger with the uid does not stand in the way of the agent's own row, which gets another uid`()
        throws
    {
        var review = try review()
        review.rows = [
            Self.agentWithSameUID(.live, leaf: world.us.federation, id: 0x43),
            Self.agentWithSameUID(.movedToPeer(world.eu.id, name: "eu")),
        ]
        let redemption = try redeem(review)
        #expect(redemption.row == .init(repeating: 0x44) && redemption.reusesRow)
        #expect(redemption.instanceUID == .init(repeating: 0x23))

        review.rows.removeFirst()
        #expect(try redeem(review).instanceUID == nil)
    }

    @Test func `a disabled peer is not called unreachable`() throws {
        var review = try review()
        review.peer.enabled = false
        review.source = .unanswered
        #expect(review.problems(at: world.now) == [.peerDisabled("eu")])
    }

    @Test func `a withdrawn row of another leaf is left alone`() throws {
        var review = try review()
        var row = Self.agentWithSameUID(.withdrawn)
        row.leaf = world.us.federation
        review.rows = [row]
        #expect(try redeem(review).row == .init(repeating: 0x22))
    }

    @Test func `a moved row of another agent with that uid is left alone`() throws {
        var review = try review()
        var row = Self.agentWithSameUID(.movedToPeer(world.stranger.id, name: "elsewhere"))
        row.leaf = world.us.federation
        review.rows = [row]
        let redemption = try redeem(review)
        #expect(!redemption.reusesRow && redemption.row == .init(repeating: 0x22))
    }
}
