import Certificates
import ServerAPI
import TestPKI
import TestValues
import Testing
import Vocabulary

@testable import Drill

/// Evidence as a drill collects it, made by hand.
enum Sample {
    static let now = TestClock.start
    static let eu = "wss://127.0.0.1:1/v1/opamp"
    static let us = "wss://127.0.0.1:2/v1/opamp"

    static func uid(_ agent: UInt8 = 1) throws -> InstanceUID {
        try #require(
            InstanceUID("0198c0de-0000-7000-8000-0000000000\(agent < 16 ? "0" : "")\(String(agent, radix: 16))"))
    }

    static func row(_ agent: UInt8 = 1) -> String {
        "0198c0de-0000-7000-8000-0000000001\(agent < 16 ? "0" : "")\(String(agent, radix: 16))"
    }

    /// A new leaf each time.
    static func identity(_ agent: UInt8 = 1) throws -> AgentIdentity {
        AgentIdentity(
            instanceUID: try uid(agent), leaf: try TestAuthority("leaf").certificate, leafBytes: [1],
            keyBytes: [1, 2, 3])
    }

    static func agent(_ identity: AgentIdentity?, _ name: String = "agent-1", log: String = "") -> Evidence.Agent {
        Evidence.Agent(name: name, enrolled: identity, present: identity, log: log)
    }

    static func status(_ endpoint: String, epoch: Epoch = 0, verdicts: [String] = []) throws -> AgentStatus {
        AgentStatus(
            instanceUID: try uid(), active: .init(endpoint: endpoint), epoch: epoch,
            verdicts: verdicts.map { .init(offer: $0, status: "APPLIED") })
    }

    /// - Parameter seconds: after `now`.
    static func look(_ endpoint: String, after seconds: Int = 10, epoch: Epoch = 0) throws -> AgentLook {
        AgentLook(at: now + .seconds(seconds), status: try status(endpoint, epoch: epoch))
    }

    static func summary(_ presence: String, _ leaf: Fingerprint, _ agent: UInt8 = 1) throws -> AgentSummary {
        AgentSummary(
            id: row(agent), displayName: "agent-\(agent)", instanceUID: try uid(agent), fingerprint: leaf,
            presence: OpenWord(text: presence), epoch: 1)
    }

    static func handover(
        _ role: String, _ phase: String, number: UInt8 = 1, epoch: Epoch = 1
    ) throws -> HandoverDetail {
        let peer = PeerID(repeating: 9)
        let summary = HandoverSummary(
            id: .init(repeating: number),
            role: OpenWord(text: role), phase: OpenWord(text: phase),
            peer: "us-region", peerID: peer, displayName: "agent-1",
            fingerprint: try #require(Fingerprint(bytes: [UInt8](repeating: 1, count: 32))), epoch: epoch,
            issuedAt: now + .seconds(Int(number)), expiresAt: now + .seconds(3600), updatedAt: now, traceID: "aa")
        return HandoverDetail(
            summary: summary, originAgent: try #require(AgentID(row())), instanceUID: try uid(), endpoint: us,
            events: [])
    }

    static func entry(
        _ action: String, of detail: HandoverDetail? = nil, leaf: Fingerprint? = nil, row: String = row(),
        after seconds: Int = 0, from before: String? = nil, to next: String? = nil, by role: String = "server",
        _ more: [String: String] = [:]
    ) -> AuditEvent {
        var additional = more
        additional["handover"] = detail.map { "\($0.summary.id)" }
        additional["fingerprint"] = leaf.map { "\($0)" }
        return AuditEvent(
            sequence: Int64(seconds), at: now + .seconds(seconds), actor: role, role: role,
            action: OpenWord(text: action),
            entityType: "agent", entityID: row, before: before, after: next, additional: additional, hash: "00")
    }

    static func server(_ label: String, _ handovers: [HandoverDetail] = [], _ audit: [AuditEvent] = [])
        -> Evidence.Server
    {
        Evidence.Server(label: label, name: "\(label.lowercased())-region", handovers: handovers, audit: audit)
    }

    static func finding(_ law: Law, _ evidence: Evidence) throws -> InvariantRecord {
        try #require(Invariant.judgeAll(by: evidence, required: []).first { $0.id == law.rawValue })
    }

    static func verdict(_ law: Law, _ evidence: Evidence) throws -> InvariantRecord.Verdict {
        try finding(law, evidence).verdict
    }
}

@Suite struct InvariantTests {
    @Test func `what nobody has looked at is never called passed`() {
        let records = Invariant.judgeAll(by: Evidence(), required: [])
        #expect(records.map(\.id) == Law.allCases.map(\.rawValue))
        for record in records { #expect(record.verdict == .notObserved && !record.reason.isEmpty, "\(record.id)") }
    }

    @Test func `a server that could not be asked leaves the laws that need its word open`() throws {
        let detail = try Sample.handover("source", "redeemed")
        var eu = Sample.server(
            "EU", [detail],
            [
                Sample.entry("Handover.TokenIssued", of: detail, after: 1, to: "issued"),
                Sample.entry(
                    "Handover.TokenRedeemed", of: detail, after: 2, from: "issued", to: "redeemed", ["redemption": "01"]
                ),
            ])
        eu.auditVerdict = AuditVerdict(ok: true, entries: 1, headHash: "00", text: "holds")
        eu.estates = [EstateLook(at: Sample.now + .seconds(3), estate: Estate(handovers: [detail.summary]))]
        var evidence = Evidence(servers: [eu])
        evidence.watched.fleetLooks = 3
        for law in [Law.t1, .t4, .t5, .t8] { #expect(try Sample.verdict(law, evidence) == .passed, "\(law)") }
        evidence.unseen = ["US could not be asked"]
        for law in [Law.t1, .t4, .t5, .t6, .t8, .t10] {
            #expect(try Sample.finding(law, evidence).reason.contains("US could not be asked"), "\(law)")
            #expect(try Sample.verdict(law, evidence) == .notObserved, "\(law)")
        }
    }

    @Test func `a record says whether the drill had to show it`() {
        let records = Invariant.judgeAll(by: Evidence(), required: [.t3, .a6])
        #expect(records.filter(\.isRequired).map(\.id) == ["A6", "T3"])
    }

    /// A6 and A7 need something to go wrong; everything else is there in any handover.
    @Test(arguments: Drill.all.map(\.name))
    func `every drill has to show what it sets up`(name: String) throws {
        let drill = try #require(Drill.named(name))
        let missing = Set(Law.allCases).subtracting(drill.required(over: .ws))
        #expect(missing.isSubset(of: name == "untrusted-target" ? [.a2, .t6] : [.a6, .a7]), "\(missing)")
        #expect(drill.required(over: .ws).subtracting(drill.required(over: .http)) == [.a4])
    }

    @Test func `a drill is in one list, and found by its name in either`() {
        let names = Drill.all.map(\.name)
        #expect(Set(names).count == names.count)
        for name in names { #expect(Drill.named(name)?.name == name) }
        #expect(Drill.named("nothing") == nil)
    }
}
