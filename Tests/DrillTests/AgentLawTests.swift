import Certificates
import ServerAPI
import Testing
import Vocabulary

@testable import Drill

@Suite struct AgentLawTests {
    /// Two agents of EU; the first has been let in by US five seconds later.
    private func moved() throws -> Evidence {
        let (one, two) = (try Sample.identity(1), try Sample.identity(2))
        var eu = Sample.server("EU")
        eu.agents = [
            try Sample.summary("moved-to-peer", one.leaf.fingerprint, 1),
            try Sample.summary("live", two.leaf.fingerprint, 2),
        ]
        eu.audit = [
            Sample.entry("Agent.Enrolled", row: Sample.row(1)), Sample.entry("Agent.Enrolled", row: Sample.row(2)),
        ]
        let us = Sample.server(
            "US", [], [Sample.entry("Handover.AgentConnected", leaf: one.leaf.fingerprint, after: 5)])
        var evidence = Evidence(servers: [eu, us])
        evidence.endpoints = ["EU": Sample.eu, "US": Sample.us]
        evidence.agents = [Sample.agent(one, "agent-1"), Sample.agent(two, "agent-2")]
        evidence.agents[0].looks = [try Sample.look(Sample.eu, after: 1), try Sample.look(Sample.us, after: 6)]
        evidence.agents[1].looks = [try Sample.look(Sample.eu, after: 1)]
        return evidence
    }

    @Test func `A1 and A2 hold for an agent that went where it had been let in`() throws {
        var evidence = try moved()
        #expect(try Sample.verdict(.a1, evidence) == .passed)
        #expect(try Sample.verdict(.a2, evidence) == .passed)
        evidence.agents[0].looks.removeLast()
        #expect(try Sample.verdict(.a2, evidence) == .notObserved)
    }

    @Test func `A1 and A2 break when an agent names a server that has let in another agent only`() throws {
        var evidence = try moved()
        evidence.agents[1].looks.append(try Sample.look(Sample.us, after: 9))
        #expect(try Sample.finding(.a1, evidence).reason.hasPrefix("agent-2 names \(Sample.us)"))
        #expect(try Sample.verdict(.a1, evidence) == .broken)
        #expect(try Sample.verdict(.a2, evidence) == .broken)
    }

    @Test func `A1 and A2 break when the agent named the server before it was let in`() throws {
        var evidence = try moved()
        evidence.agents[0].looks[1] = try Sample.look(Sample.us, after: 4)
        #expect(try Sample.verdict(.a1, evidence) == .broken)
        #expect(try Sample.verdict(.a2, evidence) == .broken)
    }

    @Test func `A1 and A2 know a server over either transport`() throws {
        var evidence = try moved()
        evidence.agents[0].looks[1] = try Sample.look("https://127.0.0.1:2/v1/opamp", after: 6)
        #expect(try Sample.verdict(.a1, evidence) == .passed)
        #expect(try Sample.verdict(.a2, evidence) == .passed)
    }

    @Test func `A1 and A2 say nothing while the server that could tell is silent`() throws {
        var evidence = try moved()
        evidence.servers.removeLast()
        evidence.unseen = ["US could not be asked"]
        #expect(try Sample.verdict(.a1, evidence) == .notObserved)
        #expect(try Sample.verdict(.a2, evidence) == .notObserved)
    }

    @Test func `A3 breaks when a byte of the key changed, or a file is gone`() throws {
        let before = try Sample.identity()
        var evidence = Evidence(agents: [Sample.agent(before, log: "move.resumed offer=aa")])
        #expect(try Sample.verdict(.a3, evidence) == .passed)
        evidence.agents[0].present = AgentIdentity(
            instanceUID: before.instanceUID, leaf: before.leaf, leafBytes: [1], keyBytes: [1, 2, 4])
        #expect(try Sample.finding(.a3, evidence).reason == "the private key of agent-1 changed")
        evidence.agents[0].present = nil
        #expect(try Sample.verdict(.a3, evidence) == .broken)
    }

    @Test func `A3 is not shown by an agent that stayed at home`() throws {
        let evidence = Evidence(agents: [Sample.agent(try Sample.identity(), "bystander")])
        #expect(try Sample.verdict(.a3, evidence) == .notObserved)
    }

    @Test func `A4 breaks when two connections were open at once, and needs to have seen one`() throws {
        var evidence = Evidence()
        evidence.watched.socketLooks = 10
        #expect(try Sample.verdict(.a4, evidence) == .notObserved)
        evidence.watched.connectedLooks = 9
        #expect(try Sample.verdict(.a4, evidence) == .passed)
        evidence.watched.tooMany = ["agent-1 had 2"]
        #expect(try Sample.verdict(.a4, evidence) == .broken)
    }

    /// A line as the agent writes it.
    private func line(_ seconds: Int, _ event: String, _ fields: String = "") -> String {
        "\(Sample.now + .seconds(seconds)) info opamp_extension \(event) \(fields)\n"
    }

    @Test(arguments: [
        (["connection.lost"], InvariantRecord.Verdict.passed), (["connection.leaving"], .passed),
        (["agent.stopped", "agent.started"], .passed), (["agent.started"], .passed), (["move.failed"], .passed),
        ([], .broken), (["connection.online", "move.began"], .broken),
    ])
    func `A4 breaks when an agent's log dials before the connection it had has ended`(
        between: [String], verdict: InvariantRecord.Verdict
    ) throws {
        let events = ["agent.started", "connection.dialing", "connection.online"] + between + ["connection.dialing"]
        let log = events.enumerated().map { line($0, $1, "endpoint=\(Sample.eu)") }.joined()
        var evidence = Evidence(agents: [Evidence.Agent(name: "agent-1", log: log)])
        evidence.watched.connectedLooks = 9
        let finding = try Sample.finding(.a4, evidence)
        #expect(finding.verdict == verdict)
        #expect(verdict == .broken || finding.reason.contains("2 dials in the agents' logs"))
    }

    @Test(arguments: [("https://127.0.0.1:2/v1/opamp", InvariantRecord.Verdict.passed), (Sample.us, .broken)])
    func `A4 knows that a poller dials again once it has adopted, and that a WebSocket does not`(
        endpoint: String, verdict: InvariantRecord.Verdict
    ) throws {
        let log = ["agent.started", "connection.dialing", "move.adopted", "connection.dialing"].enumerated()
            .map { line($0, $1, "endpoint=\(endpoint)") }.joined()
        var evidence = Evidence(agents: [Evidence.Agent(name: "agent-1", log: log)])
        evidence.watched.connectedLooks = 9
        #expect(try Sample.verdict(.a4, evidence) == verdict)
    }

    /// Started at EU and handed over to US in second 6, without a look in between.
    private func logged(adopted: String) throws -> (evidence: Evidence, handover: HandoverDetail) {
        let handover = try Sample.handover("target", "arrived")
        var evidence = try moved()
        evidence.agents[0].looks = []
        evidence.agents[0].log =
            line(1, "agent.started", "endpoint=\(Sample.eu)")
            + line(4, "move.began", "endpoint=\(Sample.us) offer=aa handover=\(handover.summary.id)") + adopted
        evidence.servers[1].audit[0].additional["handover"] = "\(handover.summary.id)"
        return (evidence, handover)
    }

    @Test(arguments: ["move.adopted", "agent.started"])
    func `A2 reads each change in the agent's log, also one that shows at a start only`(event: String) throws {
        var (evidence, _) = try logged(adopted: line(6, event, "endpoint=\(Sample.us)"))
        #expect(try Sample.verdict(.a2, evidence) == .passed)
        #expect(try Sample.finding(.a2, evidence).reason.contains("1 in the agents' logs"))
        evidence.servers[1].audit[0].at = Sample.now + .seconds(7)
        #expect(try Sample.verdict(.a2, evidence) == .broken)
        evidence.servers[1].audit[0].at = Sample.now + .seconds(5)
        evidence.servers[1].audit[0].additional["handover"] = "another"
        #expect(try Sample.verdict(.a2, evidence) == .broken)
    }

    @Test func `A2 does not take a new start or other settings of one server for a change`() throws {
        var (evidence, _) = try logged(
            adopted: line(6, "agent.started", "endpoint=\(Sample.eu)")
                + line(7, "move.adopted", "endpoint=\(Sample.eu)"))
        #expect(try Sample.verdict(.a2, evidence) == .notObserved)
        evidence.agents[0].log += line(8, "move.adopted", "endpoint=\(Sample.us)")
        #expect(try Sample.verdict(.a2, evidence) == .passed)
    }

    @Test func `T5 breaks when a server shows an arrival before the agent has committed`() throws {
        var (evidence, handover) = try logged(adopted: line(6, "move.adopted", "endpoint=\(Sample.us)"))
        let leaf = try #require(evidence.agents[0].present?.leaf.fingerprint)
        evidence.servers[1].audit.append(
            Sample.entry("Handover.AgentArrived", of: handover, leaf: leaf, after: 7))
        evidence.watched.fleetLooks = 3
        #expect(try Sample.verdict(.t5, evidence) == .passed)
        #expect(try Sample.finding(.t5, evidence).reason.contains("1 arrivals in the audits"))
        evidence.servers[1].audit[1].at = Sample.now + .seconds(5)
        #expect(try Sample.verdict(.t5, evidence) == .broken)
        // Nothing in the log, and the server says that it is here.
        evidence.servers[1].audit[1].at = Sample.now + .seconds(7)
        evidence.agents[0].log = line(1, "agent.started", "endpoint=\(Sample.eu)")
        #expect(try Sample.verdict(.t5, evidence) == .broken)
    }

    @Test(arguments: [
        ("move.began offer=aa", ["aa"], InvariantRecord.Verdict.passed),
        ("move.began offer=aa", [], .broken),
        ("move.began offer=aa", ["bb"], .broken),
        ("move.began offer=aa", ["aa", "aa"], .broken),
        ("move.began offer=aa\noffer.superseded offer=aa", [], .passed),
        // Killed between the line and the write, and offered again.
        ("move.began offer=aa\nmove.began offer=aa", ["aa"], .passed),
        // Killed before it could write the line of the beginning.
        ("move.resumed offer=aa", ["aa"], .passed),
        ("move.resumed offer=aa", [], .broken),
        ("connection.online offer=aa", [], .notObserved),
    ])
    func `A5 wants one verdict in the state for every offer in the log`(
        log: String, verdicts: [String], verdict: InvariantRecord.Verdict
    ) throws {
        var evidence = Evidence(agents: [Evidence.Agent(name: "agent-1", log: log)])
        evidence.agents[0].atTheEnd = try Sample.status(Sample.eu, verdicts: verdicts)
        #expect(try Sample.verdict(.a5, evidence) == verdict)
    }

    @Test func `A5 is open when the state could not be read at the end`() throws {
        let evidence = Evidence(agents: [Evidence.Agent(name: "agent-1", log: "move.began offer=aa")])
        #expect(try Sample.verdict(.a5, evidence) == .notObserved)
    }

    @Test func `A6 breaks when the agent spoke to the tempter, or adopted it`() throws {
        var evidence = try moved()
        evidence.agents = [Sample.agent(try Sample.identity(), "tempted")]
        evidence.agents[0].looks = [try Sample.look(Sample.eu)]
        #expect(try Sample.verdict(.a6, evidence) == .notObserved)
        evidence.temptation = .init(server: "US", what: "an impostor was refused")
        #expect(try Sample.finding(.a6, evidence).reason == "an impostor was refused")
        evidence.agents[0].looks = [try Sample.look(Sample.us)]
        #expect(try Sample.finding(.a6, evidence).reason == "tempted adopted \(Sample.us)")
        evidence.agents = try moved().agents
        evidence.servers = try moved().servers
        let leaf = try #require(evidence.agents[0].present?.leaf.fingerprint)
        evidence.servers[1].audit = [Sample.entry("Handover.AgentConnected", leaf: leaf)]
        evidence.agents[0].looks = []
        #expect(try Sample.finding(.a6, evidence).reason == "agent-1 spoke to \(Sample.us)")
        evidence.endpoints["US"] = nil
        #expect(try Sample.verdict(.a6, evidence) == .notObserved)
    }

    @Test(arguments: [
        ("move.began offer=aa\nmove.failed offer=aa", InvariantRecord.Verdict.passed),
        ("move.began offer=aa\nmove.failed offer=aa\nmove.began offer=aa", .broken),
        ("move.began offer=aa\nmove.failed offer=aa\nmove.began offer=bb", .passed),
        // Killed on the way, and begun again before it failed.
        ("move.began offer=aa\nmove.began offer=aa\nmove.failed offer=aa", .passed),
        ("move.failed offer=aa\nmove.resumed offer=aa", .broken),
        ("move.began offer=aa", .notObserved),
    ])
    func `A7 breaks when a failed offer begins again`(log: String, verdict: InvariantRecord.Verdict) throws {
        let evidence = Evidence(agents: [Evidence.Agent(name: "agent-1", log: log)])
        #expect(try Sample.verdict(.a7, evidence) == verdict)
    }
}
