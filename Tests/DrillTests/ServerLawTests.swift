import Certificates
import ServerAPI
import Testing
import Vocabulary

@testable import Drill

@Suite struct ServerLawTests {
    @Test func `T1 breaks when two redemptions of one token are written, on one side or between the two`() throws {
        let (source, target) = (try Sample.handover("source", "moved"), try Sample.handover("target", "arrived"))
        func written(_ redemption: String) -> AuditEvent {
            Sample.entry("Handover.TokenRedeemed", of: target, ["redemption": redemption])
        }
        var evidence = Evidence(servers: [
            Sample.server("EU", [source], [written("01")]), Sample.server("US", [target], [written("01")]),
        ])
        #expect(try Sample.verdict(.t1, evidence) == .passed)
        evidence.servers[1].audit.append(written("02"))
        #expect(try Sample.verdict(.t1, evidence) == .broken)
        evidence.servers[1].audit = [written("02")]
        #expect(try Sample.verdict(.t1, evidence) == .broken)
        evidence.servers[0].audit = []
        evidence.servers[1].audit = []
        #expect(try Sample.verdict(.t1, evidence) == .notObserved)
    }

    private func probe(
        _ kind: Evidence.Probe.Kind, _ way: Evidence.Probe.Way, at server: String, _ what: String = "it",
        status: Int = 403
    ) -> Evidence.Probe {
        .init(kind: kind, way: way, server: server, what: what, status: status)
    }

    private static let kindsByLaw: [(Law, [Evidence.Probe.Kind])] = [
        (.t2, [.lookalikeLeaf, .copiedLeaf]), (.t3, [.foreignLeaf, .noLeaf, .copiedPeer, .operatorToken]),
        (.t7, [.noCertificate, .otherCertificate, .wrongSecret]),
    ]

    @Test(arguments: kindsByLaw)
    func `a probed law needs every kind of attempt by every way at every server, and none may succeed`(
        law: Law, kinds: [Evidence.Probe.Kind]
    ) throws {
        let leaf = try Sample.identity().leaf.fingerprint
        var evidence = Evidence(servers: [Sample.server("EU"), Sample.server("US")])
        for index in 0..<2 { evidence.servers[index].agents = [try Sample.summary("live", leaf)] }
        evidence.bystanderHome = "AP"
        for kind in kinds {
            for way in kind.ways {
                for place in ["US", "EU"] {
                    for number in 1...kind.attempts {
                        #expect(try Sample.verdict(law, evidence) == .notObserved, "\(kind) by \(way) at \(place)")
                        evidence.probes.append(probe(kind, way, at: place, "attempt \(number)"))
                    }
                }
            }
        }
        #expect(try Sample.verdict(law, evidence) == .passed)
        for kind in kinds {
            for way in kind.ways {
                var broken = evidence
                // 101 opens a WebSocket, 200 answers, and 400 has looked at what a stranger brought.
                for status in [101, 200, 400] {
                    broken.probes = evidence.probes + [probe(kind, way, at: "US", "a thief", status: status)]
                    #expect(try Sample.verdict(law, broken) == .broken)
                    #expect(try Sample.finding(law, broken).reason == "a thief by \(way): \(status)")
                }
            }
        }
        evidence.probes = [probe(kinds[0], kinds[0].ways[0], at: "US", status: 200)]
        #expect(try Sample.verdict(law, evidence) == .broken)
    }

    @Test func `a refused WebSocket says nothing where the rightful agent is refused as well`() throws {
        var evidence = Evidence(servers: [Sample.server("EU")])
        evidence.servers[0].agents = [try Sample.summary("live", Sample.identity().leaf.fingerprint)]
        evidence.probes = [Evidence.Probe.Kind.lookalikeLeaf, .copiedLeaf].flatMap { kind in
            kind.ways.map { probe(kind, $0, at: "EU") }
        }
        evidence.admitsOwnAgent = ["EU": true]
        #expect(try Sample.verdict(.t2, evidence) == .passed)
        evidence.admitsOwnAgent = ["EU": false]
        #expect(try Sample.verdict(.t2, evidence) == .notObserved)
    }

    @Test func `servers at which an attempt is impossible are not missed`() throws {
        var evidence = Evidence(servers: [Sample.server("EU"), Sample.server("AP")])
        evidence.servers[0].agents = [try Sample.summary("live", Sample.identity().leaf.fingerprint)]
        evidence.bystanderHome = "EU"
        // AP has no agent to look like, and an agent of EU is no stranger there.
        #expect(evidence.servers(for: .lookalikeLeaf) == ["EU"])
        #expect(evidence.servers(for: .foreignLeaf) == ["AP"])
        #expect(evidence.servers(for: .noLeaf) == ["AP", "EU"])
    }

    @Test func `wrong secrets are wrong, all different, and some are near to the right one`() throws {
        let bytes = RandomBytes.generate(32)
        let right = Secret("opamp-fs.\(Base64URL.encode(bytes))")
        let texts = try WrongSecret.allCases.map { try #require($0.text(insteadOf: right)) }
        #expect(Set(texts).count == WrongSecret.allCases.count && !texts.contains(right.revealText()))
        for near in [WrongSecret.firstBit, .middleBit, .lastBit] {
            let text = try #require(near.text(insteadOf: right))
            let other = try #require(Base64URL.decode(text.dropFirst("opamp-fs.".count)))
            #expect(zip(bytes, other).map { ($0 ^ $1).nonzeroBitCount }.reduce(0, +) == 1, "\(near)")
        }
        let half = try #require(WrongSecret.sharedHalf.text(insteadOf: right))
        #expect(half.hasPrefix(right.revealText().prefix(29)))
        #expect(WrongSecret.unrelated.text(insteadOf: Secret("something else")) == nil)
    }

    @Test(
        arguments: [
            ([1, 2, 3], InvariantRecord.Verdict.passed), ([1, 3], .broken), ([1, 1], .broken), ([2, 1], .broken),
            ([], .notObserved),
        ] as [([Epoch], InvariantRecord.Verdict)])
    func `T4 breaks when an epoch is skipped or used twice`(epochs: [Epoch], verdict: InvariantRecord.Verdict) throws {
        let details = try epochs.enumerated().map { index, epoch in
            try Sample.handover("source", "settled", number: UInt8(index + 1), epoch: epoch)
        }
        #expect(try Sample.verdict(.t4, Evidence(servers: [Sample.server("EU", details)])) == verdict)
    }

    @Test func `T4 breaks when an agent goes back to a lower epoch`() throws {
        var evidence = Evidence(servers: [Sample.server("EU", [try Sample.handover("source", "settled")])])
        evidence.agents = [Sample.agent(try Sample.identity())]
        evidence.agents[0].looks = [try Sample.look(Sample.eu, epoch: 0), try Sample.look(Sample.us, epoch: 1)]
        #expect(try Sample.verdict(.t4, evidence) == .passed)
        evidence.agents[0].looks.append(try Sample.look(Sample.us, epoch: 0))
        #expect(try Sample.verdict(.t4, evidence) == .broken)
    }

    @Test func `T5 breaks when two servers show the agent live, at the end or on the way`() throws {
        let leaf = try Sample.identity().leaf.fingerprint
        var evidence = Evidence(servers: [Sample.server("EU"), Sample.server("US")])
        evidence.servers[0].agents = [try Sample.summary("moved-to-peer", leaf)]
        evidence.servers[1].agents = [try Sample.summary("live", leaf)]
        #expect(try Sample.verdict(.t5, evidence) == .notObserved)
        evidence.watched.fleetLooks = 3
        #expect(try Sample.verdict(.t5, evidence) == .passed)
        evidence.servers[0].agents = [try Sample.summary("live", leaf)]
        #expect(try Sample.verdict(.t5, evidence) == .broken)
        evidence.servers[0].agents = []
        evidence.watched.doubles = ["it was on EU and US"]
        #expect(try Sample.verdict(.t5, evidence) == .broken)
    }

    @Test func `T6 breaks when a move has no arrival behind it`() throws {
        let detail = try Sample.handover("source", "moved")
        var evidence = Evidence(servers: [
            Sample.server("EU", [], [Sample.entry("Handover.Completed", of: detail, after: 5)]), Sample.server("US"),
        ])
        #expect(try Sample.verdict(.t6, evidence) == .broken)
        evidence.servers[1].audit = [Sample.entry("Handover.AgentArrived", of: detail, after: 6)]
        #expect(try Sample.verdict(.t6, evidence) == .broken)
        evidence.servers[1].audit = [Sample.entry("Handover.AgentArrived", of: detail, after: 4)]
        #expect(try Sample.verdict(.t6, evidence) == .passed)
    }

    @Test func `T6 breaks when one agent is marked as moved by the completion of another`() throws {
        let (one, two) = (try Sample.identity(1).leaf.fingerprint, try Sample.identity(2).leaf.fingerprint)
        let detail = try Sample.handover("source", "moved")
        var evidence = Evidence(servers: [
            Sample.server("EU", [], [Sample.entry("Handover.Completed", of: detail, leaf: one)]),
            Sample.server("US", [], [Sample.entry("Handover.AgentArrived", of: detail, leaf: one)]),
        ])
        evidence.servers[0].agents = [try Sample.summary("moved-to-peer", one, 1)]
        #expect(try Sample.verdict(.t6, evidence) == .passed)
        evidence.servers[0].agents.append(try Sample.summary("moved-to-peer", two, 2))
        #expect(try Sample.finding(.t6, evidence).reason == "EU marks agent-2 as moved and wrote no completion")
    }

    @Test func `T9 breaks when a secret was found, and needs secrets and texts`() throws {
        var evidence = Evidence()
        evidence.secrets = .init(canaries: 4, texts: 0)
        #expect(try Sample.verdict(.t9, evidence) == .notObserved)
        evidence.secrets = .init(canaries: 4, texts: 9)
        #expect(try Sample.verdict(.t9, evidence) == .passed)
        evidence.secrets.leaks = ["the token in eu.log"]
        #expect(try Sample.verdict(.t9, evidence) == .broken)
    }

    /// - Parameter target: nil when it knows of no handover, as after a restore.
    private func ended(_ source: String, _ target: String?, at endpoint: String?, redeemed: Bool = true) throws
        -> Evidence
    {
        let detail = try Sample.handover("source", source)
        let redemption = redeemed ? [Sample.entry("Handover.TokenRedeemed", of: detail)] : []
        var evidence = Evidence(servers: [
            Sample.server("EU", [detail], redemption),
            Sample.server("US", try target.map { [try Sample.handover("target", $0)] } ?? []),
        ])
        evidence.endpoints = ["EU": Sample.eu, "US": Sample.us]
        evidence.agents = [Sample.agent(try Sample.identity())]
        evidence.agents[0].atTheEnd = try endpoint.map { try Sample.status($0) }
        return evidence
    }

    @Test(
        arguments: [
            ("moved", "arrived", Sample.us, InvariantRecord.Verdict.passed), ("settled", "settled", Sample.us, .passed),
            ("settled", "settled", Sample.eu, .broken),
            ("returned", "withdrawn", Sample.eu, .passed), ("returned", nil, Sample.eu, .passed),
            ("returned", "withdrawn", Sample.us, .broken),
            ("returned", "arrived", Sample.eu, .broken), ("moved", "withdrawn", Sample.us, .broken),
            ("offered", "awaiting", Sample.eu, .notObserved), ("leaving", "arrived", Sample.us, .notObserved),
            ("settled", "settled", nil, .notObserved),
        ] as [(String, String?, String?, InvariantRecord.Verdict)])
    func `T10 wants an end that both sides agree on, and the agent where it says`(
        source: String, target: String?, endpoint: String?, verdict: InvariantRecord.Verdict
    ) throws {
        let finding = try Sample.finding(.t10, try ended(source, target, at: endpoint))
        #expect(finding.verdict == verdict, "\(finding.reason)")
    }

    @Test func `T10 is not shown by a token that nobody redeemed`() throws {
        #expect(try Sample.verdict(.t10, try ended("expired", nil, at: Sample.eu, redeemed: false)) == .notObserved)
    }

    @Test func `T10 looks for the agent where its last handover left it`() throws {
        var evidence = try ended("settled", "settled", at: Sample.eu)
        let back = try Sample.handover("source", "settled", number: 2, epoch: 2)
        evidence.servers[1].handovers.append(back)
        evidence.servers[0].handovers.append(try Sample.handover("target", "settled", number: 2, epoch: 2))
        evidence.servers[1].audit.append(Sample.entry("Handover.TokenRedeemed", of: back))
        #expect(try Sample.verdict(.t10, evidence) == .passed)
        evidence.agents[0].atTheEnd = try Sample.status(Sample.us)
        #expect(try Sample.verdict(.t10, evidence) == .broken)
    }
}
