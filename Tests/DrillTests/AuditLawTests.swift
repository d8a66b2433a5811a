import Certificates
import ServerAPI
import Testing
import Vocabulary

@testable import Drill

/// T8: every change of state has its audit entry.
@Suite struct AuditLawTests {
    private func server(_ label: String, _ detail: HandoverDetail, _ audit: [AuditEvent]) -> Evidence.Server {
        var server = Sample.server(label, [detail], audit)
        server.auditVerdict = AuditVerdict(ok: true, entries: 3, headHash: "00", text: "holds")
        server.estates = [EstateLook(at: Sample.now + .seconds(60), estate: Estate(handovers: [detail.summary]))]
        return server
    }

    /// The trail of a handover through these phases; each entry is one second after the one before.
    private func trail(_ detail: HandoverDetail, _ steps: [(action: String, phase: String)], by role: String = "server")
        -> [AuditEvent]
    {
        let before = [nil] + steps.map(\.phase)
        return steps.enumerated().map { index, step in
            Sample.entry(
                "Handover.\(step.action)", of: detail, after: index + 1, from: before[index], to: step.phase,
                by: index == steps.count - 1 ? role : "server")
        }
    }

    private static let toReturned = [
        ("TokenIssued", "issued"), ("TokenRedeemed", "redeemed"), ("OfferSent", "offered"),
        ("AgentReturned", "returned"),
    ]

    @Test func `a phase needs its entries, and the hash chain has to hold`() throws {
        let detail = try Sample.handover("source", "returned")
        var eu = server("EU", detail, trail(detail, Self.toReturned))
        #expect(try Sample.verdict(.t8, Evidence(servers: [eu])) == .passed)
        eu.auditVerdict?.ok = false
        #expect(try Sample.verdict(.t8, Evidence(servers: [eu])) == .broken)
        eu.auditVerdict = nil
        #expect(try Sample.verdict(.t8, Evidence(servers: [eu])) == .notObserved)
    }

    @Test(arguments: 0..<4)
    func `a trail without one of its entries is broken`(missing: Int) throws {
        let detail = try Sample.handover("source", "returned")
        var audit = trail(detail, Self.toReturned)
        audit.remove(at: missing)
        let finding = try Sample.finding(.t8, Evidence(servers: [server("EU", detail, audit)]))
        #expect(finding.verdict == .broken, "\(finding.reason)")
    }

    @Test func `an entry that goes on from another phase than the last one left is a gap`() throws {
        let detail = try Sample.handover("source", "returned")
        var audit = trail(detail, Self.toReturned)
        audit[3].before = "leaving"
        let finding = try Sample.finding(.t8, Evidence(servers: [server("EU", detail, audit)]))
        #expect(finding.reason.contains("went from offered to leaving without an entry"))
    }

    private static let toWithdrawn = [
        ("RedemptionRequested", "redeeming"), ("TokenRedeemed", "awaiting"), ("Cancelled", "withdrawn"),
    ]
    private static let toCancelled = [
        ("TokenIssued", "issued"), ("TokenRedeemed", "redeemed"), ("Cancelled", "cancelled"),
    ]

    @Test func `a withdrawal needs an entry of its own`() throws {
        let detail = try Sample.handover("target", "withdrawn")
        let without = Array(trail(detail, Self.toWithdrawn, by: "admin").dropLast())
        #expect(try Sample.verdict(.t8, Evidence(servers: [server("US", detail, without)])) == .broken)
        let with = trail(detail, Self.toWithdrawn, by: "admin")
        #expect(try Sample.verdict(.t8, Evidence(servers: [server("US", detail, with)])) == .passed)
        let other = trail(detail, Array(Self.toWithdrawn.dropLast()) + [("AgentConnected", "withdrawn")], by: "agent")
        #expect(try Sample.verdict(.t8, Evidence(servers: [server("US", detail, other)])) == .broken)
    }

    /// The source's notice that it had made an offer comes after the end that it caused, and is taken then.
    @Test func `an entry about a late notice is not what ended the handover`() throws {
        let (detail, other) = (try Sample.handover("target", "withdrawn"), try Sample.handover("source", "cancelled"))
        var late = Sample.entry("Handover.OfferSent", of: detail, after: 9, to: "withdrawn", by: "peer")
        late.before = nil
        let told = server("US", detail, trail(detail, Self.toWithdrawn, by: "peer") + [late])
        var teller = server("EU", other, trail(other, Self.toCancelled, by: "admin"))
        #expect(try Sample.verdict(.t8, Evidence(servers: [told, teller])) == .passed)
        // What did end it still needs its entry on the other side, however late the remark.
        teller.audit.removeLast()
        let finding = try Sample.finding(.t8, Evidence(servers: [told, teller]))
        #expect(finding.verdict == .broken && finding.reason.contains("was ended by peer"), "\(finding.reason)")
    }

    @Test(arguments: [
        ("target", "withdrawn", toWithdrawn, "source", "cancelled", toCancelled),
        ("source", "cancelled", toCancelled, "target", "withdrawn", toWithdrawn),
        (
            "source", "expired", Array(toCancelled.dropLast()) + [("Lapsed", "expired")], "target", "lapsed",
            Array(toWithdrawn.dropLast()) + [("Lapsed", "lapsed")]
        ),
    ])
    func `an end that the other side caused is written down on that side`(
        role: String, phase: String, steps: [(String, String)], otherRole: String, otherPhase: String,
        otherSteps: [(String, String)]
    ) throws {
        let (detail, other) = (try Sample.handover(role, phase), try Sample.handover(otherRole, otherPhase))
        let told = server("US", detail, trail(detail, steps, by: "peer"))
        var teller = server("EU", other, trail(other, otherSteps, by: "admin"))
        #expect(try Sample.verdict(.t8, Evidence(servers: [told, teller])) == .passed)
        teller.audit.removeLast()
        let finding = try Sample.finding(.t8, Evidence(servers: [told, teller]))
        #expect(finding.verdict == .broken)
        #expect(finding.reason.contains("was ended by peer, and EU has no entry of that"))
        // Restored from a backup, it knows nothing of the handover.
        teller.handovers = []
        teller.estates = []
        #expect(try Sample.verdict(.t8, Evidence(servers: [told, teller])) == .passed)
    }

    // MARK: - Everything else that changes

    /// One value of each kind, as an estate before and after, and the entry that belongs to the change.
    private static let changes: [(kind: Estate.Kind, from: String?, to: String?, action: String, after: String?)] = [
        (.presence, nil, "here", "Agent.Enrolled", nil), (.presence, "arriving", "here", "Handover.AgentArrived", nil),
        (.presence, "here", "moved-to-peer", "Handover.Completed", nil),
        (.presence, "moved-to-peer", "here", "Handover.AgentReturned", nil),
        (.presence, "moved-to-peer", "arriving", "Handover.TokenRedeemed", nil),
        (.presence, "arriving", "withdrawn", "Handover.Cancelled", nil),
        (.leaf, "aa", "bb", "Agent.LeafRenewed", "bb"),
        (.assignment, "group none", "group edge", "Agent.Assigned", "group edge"),
        (.group, nil, "none", "Group.Saved", nil), (.group, "none", "x", "Group.Saved", "x"),
        (.group, "x", nil, "Group.Deleted", nil),
        (.configuration, nil, "h1", "Configuration.Saved", "h1"),
        (.configuration, "h1", "h2", "Configuration.Saved", "h2"),
        (.configuration, "h2", nil, "Configuration.Deleted", nil),
        (.peer, nil, "p", "Federation.PeerCreated", nil), (.peer, "p", "q", "Federation.PeerUpdated", nil),
        (.peer, "q", nil, "Federation.PeerDeleted", nil),
        (.trust, "1", "2", "Federation.PeerTrustRefreshed", nil),
        (.secrets, "none", "both", "Federation.PeerSecretSet", nil),
    ]

    private func change(_ index: Int, by seconds: Int = 10) -> Estate.Change {
        let (kind, from, to, _, _) = Self.changes[index]
        return .init(item: .init(kind: kind, id: "it"), from: from, to: to, by: Sample.now + .seconds(seconds))
    }

    @Test(arguments: changes.indices)
    func `a change needs the entry that belongs to it, and no other will do`(index: Int) {
        let (kind, _, _, action, after) = Self.changes[index]
        let entry = Sample.entry(action, row: "it", after: 5, to: after)
        #expect(Estate.Change.unwritten([change(index)], in: [entry]).isEmpty)
        #expect(Estate.Change.unwritten([change(index)], in: []) == [change(index)])
        let elsewhere = Sample.entry(action, row: "another", after: 5, to: after)
        let late = Sample.entry(action, row: "it", after: 11, to: after)
        let otherAction = Sample.entry("Audit.Verified", row: "it", after: 5, to: after)
        let otherValue = after.map { Sample.entry(action, row: "it", after: 5, to: $0 + "x") }
        for wrong in [elsewhere, late, otherAction, otherValue].compactMap(\.self) {
            #expect(Estate.Change.unwritten([change(index)], in: [wrong]).count == 1, "\(kind): \(wrong)")
        }
        // The second time it needs a second entry.
        #expect(Estate.Change.unwritten([change(index), change(index, by: 20)], in: [entry]).count == 1)
    }

    @Test func `what is there at the first look, and what changes between two, is a change`() throws {
        let leaf = try Sample.identity().leaf.fingerprint
        let live = Estate(agents: [try Sample.summary("live", leaf)], groups: [Group(name: "edge")])
        let away = Estate(agents: [try Sample.summary("offline", leaf)], groups: [Group(name: "edge")])
        let moved = Estate(agents: [try Sample.summary("moved-to-peer", leaf)])
        let looks = [live, away, moved].map { EstateLook(at: Sample.now, estate: $0) }
        let seen = Estate.Change.all(in: looks)
        #expect(seen.filter { $0.item.kind == .presence }.map(\.to) == ["here", "moved-to-peer"])
        #expect(seen.filter { $0.item.kind == .group }.map(\.to) == ["none", nil])
        #expect(!looks[1].isNews(after: looks[0]) && looks[2].isNews(after: looks[1]))
    }

    @Test func `a restore from a backup is a new beginning`() throws {
        let leaf = try Sample.identity().leaf.fingerprint
        let known = Estate(agents: [try Sample.summary("live", leaf)])
        let looks = [
            EstateLook(at: Sample.now, estate: Estate(agents: [try Sample.summary("arriving", leaf)])),
            EstateLook(at: Sample.now, restores: 1, estate: known),
        ]
        let presences = Estate.Change.all(in: looks).filter { $0.item.kind == .presence }
        #expect(presences.map(\.from) == [nil] && presences.map(\.to) == ["here"])
    }

    @Test func `the law breaks when a group appears that nobody wrote down`() throws {
        let detail = try Sample.handover("source", "returned")
        var eu = server("EU", detail, trail(detail, Self.toReturned))
        eu.estates.append(
            EstateLook(
                at: Sample.now + .seconds(70),
                estate: Estate(handovers: [detail.summary], groups: [Group(name: "edge")])))
        let finding = try Sample.finding(.t8, Evidence(servers: [eu]))
        #expect(finding.reason == "EU: group of edge became none without its entry")
        eu.audit.append(Sample.entry("Group.Saved", row: "edge", after: 65))
        #expect(try Sample.verdict(.t8, Evidence(servers: [eu])) == .passed)
    }
}
