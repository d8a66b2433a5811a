import Certificates
import Foundation
import HostSystem
import OperatorClient
import Recorder
import Testing
import Vocabulary

@testable import Drill

/// Real programs through the proxy, with each fault once.
@MainActor @Suite struct ProxyFaultTests {
    @Test func `each fault on a WebSocket is recorded and survived`() async throws {
        try await ProxiedAgent.run(over: .ws) { one in
            try await delays(one)
            try await duplicates(one)
            try await corrupts(one)
            try await cuts(one)
            try await answersAnUpgrade(one)
            try isReadable(one)
        }
    }

    @Test func `each fault on polls is recorded and survived`() async throws {
        try await ProxiedAgent.run(over: .http) { one in
            try await delays(one)
            try await duplicates(one)
            try await corrupts(one)
            try await cuts(one)
            try await answersAPoll(one)
            try isReadable(one)
        }
    }

    @Test(arguments: AgentProcess.Transport.allCases)
    func `messages pass proxies without TLS between them`(transport: AgentProcess.Transport) async throws {
        try await ProxiedAgent.run(over: transport, plainBetween: true) { one in
            try await one.reconfigure("plain: 1\n")
            try await one.applied("plain: 1\n")
            try isReadable(one)
        }
    }

    @Test func `a server that is not there is said, to the agent and in the recording`() async throws {
        let recorded = Recorded()
        let recording = Recording("test", showingSecrets: false, to: recorded.add, failures: { Issue.record("\($0)") })
        let proxy = try await Proxy.listen(
            try ProxyConfiguration(listen: "127.0.0.1:0", server: "ws://127.0.0.1:1"), recording: recording)
        let serving = Task { try await proxy.run() }
        let client = try OperatorClient(base: "http://127.0.0.1:\(proxy.port)", token: nil, authorities: nil)
        for way in Evidence.Probe.Way.ofAgents {
            let uid = InstanceUID(version7At: Timestamp(seconds: 1), random: Array(repeating: 1, count: 10))
            #expect(try await Probes.speak(to: client, way, uid: uid, headers: [:]).status == 502)
        }
        await client.close()
        serving.cancel()
        _ = await serving.result
        let failures = recorded.lines.filter { $0["event"]?.string == "failure" }
        #expect(failures.map { $0["code"]?.string } == Array(repeating: RecorderCode.serverUnreachable.code, count: 2))
    }

    @Test func `a connection that says nothing does not keep the proxy from ending`() async throws {
        let recorded = Recorded()
        let recording = Recording("test", showingSecrets: false, to: recorded.add, failures: { Issue.record("\($0)") })
        let proxy = try await Proxy.listen(
            try ProxyConfiguration(listen: "127.0.0.1:0", server: "ws://127.0.0.1:1"), recording: recording)
        let serving = Task { try await proxy.run() }
        let silent = try ChildProcess(
            "/bin/bash", ["-c", "exec 3<> /dev/tcp/127.0.0.1/\(proxy.port); read"], input: .pipe)
        defer { silent.send(SIGTERM) }
        _ = try await recorded.line("the connection") { $0["event"]?.string == "open" }
        serving.cancel()
        _ = await serving.result
        _ = try await recorded.line("the end of it") { $0["event"]?.string == "end" }
    }

    /// The agent cannot say that it has applied what has not come yet.
    private func delays(_ one: ProxiedAgent) async throws {
        let rule = "server-to-agent remote_config@1 delay 1500ms"
        let start = one.recorded.lines.count
        try one.follow(rule)
        try await one.reconfigure("delayed: 1\n")
        let held = try await one.recorded.line("the held message", from: start) {
            $0.isMessage("server-to-agent", under: rule)
        }
        try await one.applied("delayed: 1\n")
        let report = try await one.recorded.line("the report of it", from: held.index) {
            $0.isMessage("agent-to-server") && $0["message"]?["remote_config_status"]?["status"]?.string == "APPLIED"
        }
        let (sent, answered) = (try #require(held.json.time), try #require(report.json.time))
        #expect(answered - sent >= .milliseconds(1500))
    }

    /// The server sees one sequence number twice, and asks for a full report.
    private func duplicates(_ one: ProxiedAgent) async throws {
        let rule = "agent-to-server any@1 duplicate"
        let start = one.recorded.lines.count
        try one.follow(rule)
        try await one.reconfigure("duplicated: 1\n")
        let doubled = try await one.recorded.line("the message sent twice", from: start) {
            $0.isMessage("agent-to-server", under: rule)
        }
        _ = try await one.recorded.line("the question for a full report", from: doubled.index) {
            $0.isMessage("server-to-agent")
                && $0["message"]?["flags"]?.array?.contains(.string("ReportFullState")) == true
        }
        try await one.applied("duplicated: 1\n")
    }

    /// The agent cannot read the offer of a configuration, and gets it in the end.
    private func corrupts(_ one: ProxiedAgent) async throws {
        let rule = "server-to-agent remote_config@1 corrupt"
        let start = one.recorded.lines.count
        try one.follow(rule)
        try await one.reconfigure("corrupted: 1\n")
        _ = try await one.recorded.line("the corrupt message", from: start) {
            $0.isMessage("server-to-agent", under: rule)
        }
        try await one.applied("corrupted: 1\n")
    }

    private func cuts(_ one: ProxiedAgent) async throws {
        let rule = "agent-to-server any@1 cut"
        let start = one.recorded.lines.count
        try one.follow(rule)
        try await one.reconfigure("cut: 1\n")
        let cut = try await one.recorded.line("the message that is lost", from: start) {
            $0.isMessage("agent-to-server", under: rule)
        }
        let end = try await one.recorded.line("the end of its connection", from: cut.index) {
            $0["event"]?.string == "end" && $0["connection"] == cut.json["connection"]
        }
        #expect(end.json["cause"]?.string == "a rule cut it")
        _ = try await one.recorded.line("another connection", from: end.index) { $0["event"]?.string == "open" }
        try await one.applied("cut: 1\n")
        try await one.live()
    }

    private func answersAnUpgrade(_ one: ProxiedAgent) async throws {
        let start = one.recorded.lines.count
        try one.follow("agent-to-server any@1 cut", "agent-to-server upgrade@1 status 503")
        try await one.reconfigure("refused: 1\n")
        try await isAnswered(one, from: start, isUpgrade: true)
        try await one.applied("refused: 1\n")
    }

    private func answersAPoll(_ one: ProxiedAgent) async throws {
        let start = one.recorded.lines.count
        try one.follow("agent-to-server any@1 status 503")
        try await one.reconfigure("refused: 1\n")
        try await isAnswered(one, from: start, isUpgrade: false)
        try await one.applied("refused: 1\n")
    }

    private func isAnswered(_ one: ProxiedAgent, from start: Int, isUpgrade: Bool) async throws {
        let answer = try await one.recorded.line("the proxy's answer", from: start) {
            $0["event"]?.string == "answer" && $0["by"]?.string == "proxy"
        }
        #expect(answer.json["status"]?.integer == 503)
        let before = one.recorded.lines[..<answer.index]
        let request = try #require(
            before.last { $0["event"]?.string == "request" && $0["connection"] == answer.json["connection"] })
        #expect(request["upgrade"]?.bool == (isUpgrade ? true : nil))
    }

    /// Both directions, and every message whole.
    private func isReadable(_ one: ProxiedAgent) throws {
        let input = try MessageInput(one.recorded.bytes, named: "the recording")
        #expect(input.isRecording && !input.isCutOff)
        #expect(input.shown.allSatisfy { $0.failure == nil })
        let directions = Set(input.shown.compactMap { $0.json["direction"]?.string })
        #expect(directions == ["agent-to-server", "server-to-agent"])
        let requests = one.recorded.lines.filter { $0["event"]?.string == "request" }
        let leaf = try one.agent.identity().leaf.fingerprint
        #expect(requests.contains { $0["certificate"]?.string == "\(leaf)" }, "the agent shows its leaf to the proxy")
        #expect(!String(decoding: one.recorded.bytes, as: UTF8.self).contains("PRIVATE KEY"))
    }
}
