import Certificates
import PeerAPI
import Testing
import Vocabulary

@testable import Drill

@Suite struct InvariantTests {
    private static let here = Timestamp(seconds: 1_795_000_000)
    private static let uid = InstanceUID("0198c0de-0000-7000-8000-000000000001")
    private static let row = "0198c0de-0000-7000-8000-00000000000a"
    private static let leaf = Fingerprint(bytes: [UInt8](repeating: 1, count: 32))
    private static let eu = "wss://127.0.0.1:1/v1/opamp"
    private static let us = "wss://127.0.0.1:2/v1/opamp"

    private func finding(_ id: String, _ evidence: Evidence) throws -> InvariantRecord {
        try #require(Invariant.judgeAll(by: evidence).first { $0.id == id })
    }

    private func summary(_ presence: String) throws -> AgentSummary {
        AgentSummary(
            id: Self.row, displayName: "agent-1", instanceUID: try #require(Self.uid),
            fingerprint: try #require(Self.leaf), presence: presence, epoch: 1)
    }

    private func handover(_ number: UInt8, epoch: Epoch, role: String, phase: String) throws -> HandoverDetail {
        let peer = try #require(PeerID(bytes: [UInt8](repeating: 9, count: 16)))
        let summary = HandoverSummary(
            id: try #require(HandoverID(bytes: [UInt8](repeating: number, count: 16))), role: role, phase: phase,
            peer: "us-region", peerID: peer, displayName: "agent-1", fingerprint: try #require(Self.leaf),
            epoch: epoch, issuedAt: Self.here + .seconds(Int(number)), expiresAt: Self.here + .seconds(3600),
            updatedAt: Self.here, traceID: "aa")
        return HandoverDetail(
            summary: summary, originAgent: try #require(AgentID(Self.row)), instanceUID: try #require(Self.uid),
            endpoint: Self.us, events: [])
    }

    private func entry(_ action: String, of detail: HandoverDetail? = nil, _ more: [String: String] = [:]) -> AuditEvent {
        AuditEvent(
            sequence: 1, at: Self.here, actor: "server", role: "server", action: action, entityType: "agent",
            entityID: Self.row,
            additional: (detail.map { ["handover": "\($0.summary.id)"] } ?? [:]).merging(more) { $1 }, hash: "00")
    }

    private func status(_ endpoint: String) throws -> AgentStatus {
        AgentStatus(instanceUID: try #require(Self.uid), active: .init(endpoint: endpoint), epoch: 0)
    }

    @Test func `what nobody has looked at is never called passed`() {
        let records = Invariant.judgeAll(by: Evidence())
        #expect(records.map(\.id) == (1...7).map { "A\($0)" } + (1...9).map { "T\($0)" })
        for record in records { #expect(record.verdict == .notObserved && !record.reason.isEmpty, "\(record.id)") }
    }

    @Test func `A1 and A2 break when the agent names a server that never let it in`() throws {
        var evidence = Evidence()
        evidence.servers = [Evidence.Server(label: "EU", name: "eu-region", audit: [entry("Agent.Enrolled")])]
        evidence.endpoints = ["EU": Self.eu, "US": Self.us]
        evidence.agents = [Evidence.Agent(name: "agent-1", statuses: [try status(Self.eu)])]
        #expect(try finding("A1", evidence).verdict == .passed)
        #expect(try finding("A2", evidence).verdict == .notObserved)
        evidence.agents[0].statuses.append(try status(Self.us))
        #expect(try finding("A1", evidence).verdict == .broken)
        #expect(try finding("A2", evidence).verdict == .broken)
        evidence.servers.append(.init(label: "US", name: "us-region", audit: [entry("Handover.AgentConnected")]))
        #expect(try finding("A1", evidence).verdict == .passed)
        #expect(try finding("A2", evidence).verdict == .passed)
    }

    @Test func `A3 breaks when a byte of the key changed`() throws {
        let key = try PrivateKey.generateP256()
        let certificate = try Issuer.selfSigned(
            subject: "leaf", key: key, serial: RandomBytes.generate(16),
            validity: Validity(notBefore: Self.here, notAfter: Self.here + .seconds(60)))
        let before = AgentIdentity(
            instanceUID: try #require(Self.uid), leaf: certificate, leafBytes: [1], keyBytes: [1, 2, 3])
        let after = AgentIdentity(
            instanceUID: before.instanceUID, leaf: certificate, leafBytes: [1], keyBytes: [1, 2, 4])
        var evidence = Evidence()
        evidence.agents = [Evidence.Agent(name: "agent-1", enrolled: before, present: before)]
        #expect(try finding("A3", evidence).verdict == .passed)
        evidence.agents[0].present = after
        #expect(try finding("A3", evidence).reason == "the private key of agent-1 changed")
    }

    @Test func `A4 breaks when two connections were open at once`() throws {
        var evidence = Evidence()
        evidence.watched.socketLooks = 10
        evidence.watched.mostConnections = 1
        #expect(try finding("A4", evidence).verdict == .passed)
        evidence.watched.tooMany = ["agent-1 had 2"]
        #expect(try finding("A4", evidence).verdict == .broken)
    }

    @Test(arguments: [
        ("move.began offer=aa\nmove.adopted offer=aa\n", InvariantRecord.Verdict.passed, InvariantRecord.Verdict.notObserved),
        ("move.began offer=aa\nmove.failed offer=aa\n", .passed, .passed),
        ("move.began offer=aa\n", .broken, .notObserved),
        ("move.began offer=aa\nmove.failed offer=aa\nmove.began offer=aa\nmove.failed offer=aa\n", .broken, .broken),
        ("connection.online offer=aa\n", .notObserved, .notObserved),
    ])
    func `A5 and A7 are read from the agent's log`(
        log: String, ofA5: InvariantRecord.Verdict, ofA7: InvariantRecord.Verdict
    ) throws {
        var evidence = Evidence()
        evidence.agents = [Evidence.Agent(name: "agent-1", log: log)]
        #expect(try finding("A5", evidence).verdict == ofA5)
        #expect(try finding("A7", evidence).verdict == ofA7)
    }

    @Test func `T1 breaks when two redemptions of one token are written`() throws {
        let detail = try handover(1, epoch: 1, role: "target", phase: "awaiting")
        var server = Evidence.Server(label: "US", name: "us-region", handovers: [detail])
        server.audit = [entry("Handover.TokenRedeemed", of: detail, ["redemption": "01"])]
        var evidence = Evidence(servers: [server])
        #expect(try finding("T1", evidence).verdict == .passed)
        evidence.servers[0].audit.append(entry("Handover.TokenRedeemed", of: detail, ["redemption": "02"]))
        #expect(try finding("T1", evidence).verdict == .broken)
    }

    @Test func `a probed law needs every kind of attempt, and none may succeed`() throws {
        var evidence = Evidence()
        evidence.probes = [.init(kind: .noCertificate, what: "no certificate", answer: "403", wasRefused: true)]
        #expect(try finding("T7", evidence).verdict == .notObserved)
        evidence.probes += [
            .init(kind: .otherCertificate, what: "another", answer: "403", wasRefused: true),
            .init(kind: .wrongSecret, what: "wrong secret", answer: "401", wasRefused: true),
        ]
        #expect(try finding("T7", evidence).verdict == .passed)
        evidence.probes.append(.init(kind: .wrongSecret, what: "again", answer: "200", wasRefused: false))
        #expect(try finding("T7", evidence).verdict == .broken)
    }

    @Test func `T4 breaks when an epoch is skipped or used twice`() throws {
        func verdict(_ epochs: [Epoch]) throws -> InvariantRecord.Verdict {
            let details = try epochs.enumerated().map { index, epoch in
                try handover(UInt8(index + 1), epoch: epoch, role: "source", phase: "settled")
            }
            return try finding(
                "T4", Evidence(servers: [.init(label: "EU", name: "eu-region", handovers: details)])
            ).verdict
        }
        #expect(try verdict([1, 2, 3]) == .passed)
        #expect(try verdict([1, 3]) == .broken)
        #expect(try verdict([1, 1]) == .broken)
    }

    @Test func `T5 breaks when two servers show the agent live`() throws {
        var evidence = Evidence(servers: [
            .init(label: "EU", name: "eu-region", agents: [try summary("moved-to-peer")]),
            .init(label: "US", name: "us-region", agents: [try summary("live")]),
        ])
        evidence.watched.fleetLooks = 3
        #expect(try finding("T5", evidence).verdict == .passed)
        evidence.servers[0].agents = [try summary("live")]
        #expect(try finding("T5", evidence).verdict == .broken)
    }

    @Test func `T6 breaks when a move has no arrival behind it`() throws {
        let detail = try handover(1, epoch: 1, role: "source", phase: "moved")
        var evidence = Evidence(servers: [
            .init(label: "EU", name: "eu-region", audit: [entry("Handover.Completed", of: detail)]),
            .init(label: "US", name: "us-region"),
        ])
        #expect(try finding("T6", evidence).verdict == .broken)
        evidence.servers[1].audit = [entry("Handover.AgentArrived", of: detail)]
        #expect(try finding("T6", evidence).verdict == .passed)
    }

    @Test func `T8 breaks when a phase was reached without its entry, or the chain does not hold`() throws {
        let detail = try handover(1, epoch: 1, role: "source", phase: "returned")
        let whole = AuditVerdict(ok: true, entries: 3, headHash: "00", text: "holds")
        var server = Evidence.Server(label: "EU", name: "eu-region", handovers: [detail], auditVerdict: whole)
        server.audit = ["TokenIssued", "TokenRedeemed"].map { entry("Handover.\($0)", of: detail) }
        #expect(try finding("T8", Evidence(servers: [server])).reason.contains("AgentReturned"))
        server.audit.append(entry("Handover.AgentReturned", of: detail))
        #expect(try finding("T8", Evidence(servers: [server])).verdict == .passed)
        server.auditVerdict?.ok = false
        #expect(try finding("T8", Evidence(servers: [server])).verdict == .broken)
    }

    @Test func `T9 breaks when a secret was found`() throws {
        var evidence = Evidence()
        evidence.secrets = .init(canaries: 4, texts: 9)
        #expect(try finding("T9", evidence).verdict == .passed)
        evidence.secrets.leaks = ["the token in eu.log"]
        #expect(try finding("T9", evidence).verdict == .broken)
    }
}
