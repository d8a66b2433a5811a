import Certificates
import HandoverToken
import TestValues
import Testing
import Vocabulary

@testable import ServerCore

@Suite struct LeafAcceptanceTests {
    let world = PeerWorld.shared
    let stages: HandoverStages

    init() throws { stages = try HandoverStages() }

    /// On the source: the row is here and its own CA issued the leaf.
    private func atHome(_ change: (inout LeafAcceptance) -> Void = { _ in }) -> LeafAcceptance.Decision {
        var facts = LeafAcceptance(
            presented: world.leaf, bearsBootstrapToken: false, row: world.agent(), arrivals: [], departures: [],
            ownAuthorities: [world.eu.authority], newerLeafIsLive: false)
        change(&facts)
        return facts.decision(at: world.now)
    }

    /// On the target: nothing is known but a handover.
    private func away(
        _ phase: TargetHandover.Phase, _ change: (inout LeafAcceptance) -> Void = { _ in }
    ) throws -> LeafAcceptance.Decision {
        var facts = LeafAcceptance(
            presented: world.leaf, bearsBootstrapToken: false, row: nil, arrivals: [try stages.target(phase)],
            departures: [], ownAuthorities: [world.us.authority], newerLeafIsLive: false)
        change(&facts)
        return facts.decision(at: world.now)
    }

    @Test func `without a certificate only a bootstrap token helps`() {
        #expect(atHome { $0.presented = nil } == .refused(.absent))
        #expect(
            atHome {
                $0.presented = nil; $0.bearsBootstrapToken = true
            } == .bootstrap)
    }

    @Test func `an own leaf is an agent when its row is here, it names the row and it is not revoked`() throws {
        let row = world.row
        #expect(atHome() == .agent(row))
        #expect(atHome { $0.row = nil } == .refused(.unknown(world.leaf.fingerprint)))
        #expect(atHome { $0.row?.leafRevoked = true } == .refused(.revoked(world.leaf.fingerprint)))
        #expect(atHome { $0.ownAuthorities = [world.us.authority] } == .refused(.notIssued([.untrusted])))
        #expect(atHome { $0.row?.id = .init(repeating: 9) } == .refused(.otherAgent(.init(repeating: 9))))
        #expect(atHome { $0.row?.presence = .withdrawn } == .refused(.notHere(row, presence: "withdrawn")))
    }

    @Test func `a federation certificate is no agent`() {
        guard case .refused(.notIssued) = atHome({ $0.presented = world.us.federation }) else {
            Issue.record("a peer was taken for an agent")
            return
        }
    }

    @Test(arguments: TargetHandover.Phase.allCases)
    func `a foreign leaf is accepted by exact fingerprint and live record only`(phase: TargetHandover.Phase) throws {
        let unknown = LeafAcceptance.Decision.refused(.unknown(world.leaf.fingerprint))
        let expected: LeafAcceptance.Decision =
            switch phase {
            case .awaiting, .connected: .arriving(stages.redemption.row, stages.claims.id)
            case .arrived, .settled: .agent(stages.redemption.row)
            // The source may have offered although its answer to the claim is still on the way.
            case .redeeming: .refused(.tooEarly(stages.claims.id))
            case .previewed, .lapsed, .withdrawn: unknown
            }
        #expect(try away(phase) == expected)
        let sibling = try PeerWorld.leaf(of: world.row, by: world.eu)
        #expect(try away(phase) { $0.presented = sibling } == .refused(.unknown(sibling.fingerprint)))
    }

    @Test func `the record's agent CAs must stand above the leaf`() throws {
        let target = try TargetHandover(claims: world.claims(agentCA: world.us.authority), tokenDigest: [1])
            .next(after: .redeemRequested(stages.redemption), at: world.now).state
            .next(after: .redemptionAccepted, at: world.now).state
        #expect(try away(.awaiting) { $0.arrivals = [target] } == .refused(.notIssued([.untrusted])))
    }

    @Test(arguments: SourceHandover.Phase.allCases)
    func `a leaf that is leaving is still an agent until it has moved`(phase: SourceHandover.Phase) throws {
        let expected: LeafAcceptance.Decision =
            switch phase {
            case .issued, .redeemed, .offered, .leaving, .expired, .cancelled, .returned: .agent(world.row)
            case .moved, .settled: .movedOn(world.row, stages.claims.id)
            }
        let source = try stages.source(phase)
        #expect(atHome { $0.departures = [source] } == expected)
    }

    @Test func `the handover with the higher epoch takes precedence`() throws {
        let gone = try stages.source(.settled)
        let back = try returning(epoch: 4)
        let facts = { (facts: inout LeafAcceptance) in
            facts.departures = [gone]
            facts.arrivals = [back]
            facts.row?.presence = .arriving
        }
        #expect(atHome(facts) == .arriving(stages.redemption.row, back.id))
        let end = world.now + HandoverTiming.defaultArrival
        let lapsed = try back.next(after: .wake(agentPresent: false), at: end).state
        #expect(
            atHome {
                facts(&$0); $0.arrivals = [lapsed]
            } == .movedOn(world.row, gone.id))
    }

    @Test func `an agent that comes back before the claim is answered is not sent away again`() throws {
        let gone = try stages.source(.settled)
        let back = try TargetHandover(claims: world.claims(7, epoch: 4), tokenDigest: [1])
            .next(after: .redeemRequested(stages.redemption), at: world.now).state
        let facts = { (facts: inout LeafAcceptance) in
            facts.departures = [gone]
            facts.arrivals = [back]
            facts.row?.presence = .movedToPeer(PeerWorld.shared.us.id, name: "us")
        }
        #expect(atHome(facts) == .refused(.tooEarly(back.id)))
        #expect(
            atHome {
                facts(&$0); $0.arrivals = []
            } == .movedOn(world.row, gone.id))
    }

    // MARK: A leaf with a successor

    /// At home, with a row whose present leaf is not the presented one.
    private func renewed(
        _ now: Timestamp, _ change: (inout LeafAcceptance) -> Void = { _ in }
    ) throws -> LeafAcceptance.Decision {
        let newer = try PeerWorld.leaf(of: world.row, by: world.eu)
        var facts = LeafAcceptance(
            presented: world.leaf, bearsBootstrapToken: false, row: world.agent(), arrivals: [], departures: [],
            ownAuthorities: [world.eu.authority], newerLeafIsLive: false)
        facts.row?.pendingLeaf = newer
        facts.row?.seen(with: newer, hasStayed: true, at: world.now)
        change(&facts)
        if facts.presented == nil { facts.presented = newer }
        return facts.decision(at: now)
    }

    @Test func `the previous leaf is accepted for a day after the new one has been used`() throws {
        let day = world.now + .seconds(24 * 3600)
        let replaced = LeafAcceptance.Decision.refused(.replaced(world.leaf.fingerprint, row: world.row))
        #expect(try renewed(world.now) == .agent(world.row))
        #expect(try renewed(day - .milliseconds(1)) == .agent(world.row))
        #expect(try renewed(day) == replaced)
        #expect(try renewed(day) { $0.presented = nil } == .agent(world.row))
        #expect(try renewed(world.now) { $0.row?.previousLeafUntil = nil } == replaced)
        #expect(
            try renewed(world.now) {
                $0.row?.previousLeafUntil = nil; $0.newerLeafIsLive = true
            }
                == .refused(.clone(world.leaf.fingerprint, row: world.row)))
    }

    @Test func `a leaf that came by a handover has no say once the row has another`() throws {
        let newer = try PeerWorld.leaf(of: world.row, by: world.us)
        let row = stages.redemption.row
        for presence in [Presence.live, .movedToPeer(world.eu.id, name: "eu")] {
            let decision = try away(.settled) { facts in
                facts.row = world.agent(presence: presence)
                facts.row?.id = row
                facts.row?.leaf = newer
            }
            #expect(decision == .refused(.replaced(world.leaf.fingerprint, row: row)))
        }
        // Another handover may bring the agent with a leaf that the row does not have yet.
        let expectations: [(TargetHandover.Phase, Presence, LeafAcceptance.Decision)] = [
            (.awaiting, .arriving, .arriving(row, stages.claims.id)),
            (.redeeming, .movedToPeer(world.eu.id, name: "eu"), .refused(.tooEarly(stages.claims.id))),
        ]
        for (phase, presence, expected) in expectations {
            let decision = try away(phase) { facts in
                facts.row = world.agent(presence: presence)
                facts.row?.id = row
                facts.row?.leaf = newer
            }
            #expect(decision == expected)
        }
    }

    @Test func `a leaf that came by a handover opens nothing here when its row has gone on with another`() throws {
        let row = stages.redemption.row
        let presences: [(Presence, LeafAcceptance.Decision)] = [
            (.offline, .agent(row)),
            (.arriving, .refused(.notHere(row, presence: "arriving"))),
            (.movedToPeer(world.eu.id, name: "eu"), .refused(.notHere(row, presence: "MovedToPeer eu"))),
            (.withdrawn, .refused(.notHere(row, presence: "withdrawn"))),
        ]
        for (presence, expected) in presences {
            let decision = try away(.settled) { facts in
                var known = world.agent(presence: presence)
                known.id = row
                known.leaf = try? PeerWorld.leaf(of: world.row, by: world.us)
                (known.previousLeaf, known.previousLeafUntil) = (world.leaf.fingerprint, world.now + .seconds(60))
                facts.row = known
            }
            #expect(decision == expected)
        }
    }

    // MARK: The handover it comes for

    @Test(arguments: TargetHandover.Phase.allCases)
    func `an agent that names its handover is let in for that one only`(phase: TargetHandover.Phase) throws {
        let named = stages.claims.id
        let other = HandoverID(repeating: 0x77)
        #expect(try away(phase) { $0.handover = named } == away(phase), "what it names is what this server awaits")
        let expected: LeafAcceptance.Decision =
            switch phase {
            case .awaiting, .connected, .arrived, .settled: .refused(.notAwaited(other))
            case .redeeming: .refused(.tooEarly(named))
            case .previewed, .lapsed, .withdrawn: .refused(.unknown(world.leaf.fingerprint))
            }
        #expect(try away(phase) { $0.handover = other } == expected)
    }

    @Test func `an agent that comes for a handover that is over is not led on to where it was before`() throws {
        let gone = try stages.source(.settled)
        let over = try returning(epoch: 4)
            .next(after: .wake(agentPresent: false), at: world.now + HandoverTiming.defaultArrival).state
        let decision = atHome { facts in
            facts.departures = [gone]
            facts.arrivals = [over]
            facts.handover = over.id
        }
        #expect(decision == .refused(.notAwaited(over.id)))
    }

    @Test func `an agent that was set back is led on from where its handover brought it`() throws {
        let gone = try stages.source(.settled)
        let arrived = try HandoverStages(7, epoch: 2).target(.settled)
        let decision = atHome { facts in
            facts.departures = [gone]
            facts.arrivals = [arrived]
            facts.handover = arrived.id
        }
        #expect(decision == .movedOn(world.row, gone.id))
    }

    private func returning(epoch: Epoch) throws -> TargetHandover {
        try TargetHandover(claims: world.claims(7, epoch: epoch), tokenDigest: [1])
            .next(after: .redeemRequested(stages.redemption), at: world.now).state
            .next(after: .redemptionAccepted, at: world.now).state
    }
}
