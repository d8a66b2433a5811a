import Certificates
import Glibc
import OpAMPProto
import ScriptedOpAMPServer
import Testing
import Vocabulary

/// How the target takes the agent in, and so where the agent has to be in the end.
private enum Ending: CaseIterable, Sendable {
    case arrived
    case refused
    /// Arrived, and the target went away: back before the probation was over.
    case returned

    var cause: MoveCause? {
        switch self {
        case .arrived: nil
        case .refused: .http(status: 403)
        case .returned: .probation
        }
    }

    var probation: Duration { self == .returned ? .seconds(2) : .seconds(300) }

    func prepare(_ target: ScriptedOpAMPServer) {
        switch self {
        case .arrived: break
        case .refused: target.become(.refusing(status: 403))
        case .returned: target.leaveOnceApplied()
        }
    }
}

@Suite(.serialized, .timeLimit(.minutes(10))) struct MoveCrashTests {
    @Test(arguments: Ending.allCases, ["wss", "https"])
    fileprivate func `F22 killed at any point of a move, the agent restarts and reaches exactly one server`(
        ending: Ending, scheme: String
    ) async throws {
        let points = try await crashPoints()
        var reached: Set<String> = []
        // Most of a return is waiting.
        try await atOnce(points, width: ending == .returned ? 12 : 4) { point in
            var times = 0
            while try await !comesToRest(ending, over: scheme, killedAt: "\(point)#\(times + 1)") { times += 1 }
            return times > 0 ? point : nil
        } each: {
            if let point = $0 { reached.insert(point) }
        }
        // Where nothing is adopted, there is no mark of it, and the token signers stay.
        let ofAdoption = ending == .refused ? ["adopted.", "signers."] : []
        let others = points.filter { point in
            (["key.", "identity.", "leaf."] + ofAdoption).contains { point.hasPrefix($0) }
        }
        // No server of these moves is silent, so no connection is dropped without a word.
        #expect(Set(points).subtracting(reached) == Set(others + ["directive.drop"]))
    }

    /// - Returns: true when the point was not reached.
    private func comesToRest(_ ending: Ending, over scheme: String, killedAt point: String) async throws -> Bool {
        try await withMove(over: scheme, to: ending) { move in
            let first = try move.host.run(crashAt: point)
            _ = await eventually { !first.isRunning || move.isOver(in: first) }
            first.send(SIGTERM)
            let end = await first.end()
            guard end.signal == SIGKILL else {
                #expect(end.status == 0, "\(point): \(end.log)")
                return true
            }
            // What was killed had at least one server to go to.
            let found = try await move.host.status()["active"]?["endpoint"]?.string
            let target = try move.target.endpoint(scheme).description
            #expect([try move.source.endpoint(scheme).description, target].contains(found), "\(point)")
            // The probation is not to depend on how soon the agent comes back.
            if ending == .returned, found == target { move.target.become(.refusing(status: 500)) }
            let agent = try move.host.run()
            #expect(await eventually { move.isOver(in: agent) }, "\(point): \(agent.log)")
            agent.send(SIGTERM)
            let second = await agent.end()
            #expect(second.status == 0, "\(point): \(second.log)")
            return false
        }
    }

    @Test(arguments: ["wss", "https"])
    func `killed right after the adopting write of a probation of zero, the agent goes to the target alone`(
        scheme: String
    ) async throws {
        try await withServers { source, target, host in
            try host.configure(for: source, scheme: scheme, extra: "capabilities: {reports_heartbeat: true}")
            #expect(try await host.enrol().status == 0)
            let (leaf, uid) = (try #require(host.leaf), try #require(host.uid))
            source.offer(try source.handover(of: leaf, uid: uid, to: target, scheme: scheme, probation: .zero))
            // The start, the candidate, the adoption.
            let victim = try host.run(crashAt: "connection.directory-synced#3")
            #expect(await victim.end().signal == SIGKILL)
            let adopted = try await host.status()
            #expect(adopted["active"]?["endpoint"]?.string == (try target.endpoint(scheme).description))
            #expect(adopted["previous"] == nil && adopted["probation_until"] == nil)
            source.become(.refusing(status: 403))
            let (before, arrived) = (source.requests.count, target.requests.count)
            let agent = try host.run()
            #expect(
                await eventually { target.heard.contains { $0.message.connectionSettingsStatus?.status == .applied } })
            agent.send(SIGTERM)
            let end = await agent.end()
            #expect(end.status == 0 && !end.log.contains("move.returning"), "\(end.log)")
            #expect(source.requests.count == before)
            if scheme == "wss" { #expect(target.requests.count == arrived + 1, "one session") }
        }
    }

    @Test func `F22 killed at random moments of a move, again and again, it arrives in the end`() async throws {
        try await atOnce(Array(0..<12)) { seed in
            try await withMove(over: seed % 2 == 0 ? "wss" : "https", to: .arrived) { move in
                var random = SeededRandom(seed: UInt64(seed) &+ 77)
                // The third restart drops a candidate, so no more than two.
                for _ in 0..<2 {
                    let victim = try move.host.run()
                    try await Task.sleep(for: .milliseconds(Int.random(in: 20...400, using: &random)))
                    victim.send(SIGKILL)
                    _ = await victim.end()
                }
                let agent = try move.host.run()
                #expect(await eventually { move.isOver(in: agent) }, "seed \(seed): \(agent.log)")
                agent.send(SIGTERM)
                #expect(await agent.end().status == 0, "seed \(seed)")
            }
        } each: { _ in
        }
    }
}

private func withServers(_ body: (ScriptedOpAMPServer, ScriptedOpAMPServer, HostDirectory) async throws -> Void)
    async throws
{
    let source = try await ScriptedOpAMPServer.start("EU")
    let target = try await ScriptedOpAMPServer.start("US")
    defer {
        source.stop()
        target.stop()
    }
    try await body(source, target, try HostDirectory())
}

/// An enrolled host with an offer to move waiting for it.
private struct Move: Sendable {
    let host: HostDirectory
    let source: ScriptedOpAMPServer
    let target: ScriptedOpAMPServer
    let offer: ConnectionSettingsOffers
    let ending: Ending
    let home: Endpoint

    /// This process is where the agent belongs, and said there what became of the offer if anything failed.
    func isOver(in process: AgentProcess) -> Bool {
        let contacts = process.log.split(separator: "\n").filter {
            $0.contains(" connection.online ") || $0.contains(" connection.dialing ")
        }
        guard contacts.last?.hasSuffix(" connection.online endpoint=\(home)") == true else { return false }
        return ending == .arrived || source.hasHeard(.failed, of: offer)
    }
}

/// Checks at the end that the host is who it was and is in one place, the right one.
private func withMove<Result: Sendable>(
    over scheme: String, to ending: Ending, _ body: (Move) async throws -> Result
) async throws -> Result {
    let source = try await ScriptedOpAMPServer.start("EU")
    let target = try await ScriptedOpAMPServer.start("US")
    defer {
        source.stop()
        target.stop()
    }
    let host = try HostDirectory()
    try host.configure(for: source, scheme: scheme, extra: "capabilities: {reports_heartbeat: true}")
    let enrolled = try await host.enrol()
    try #require(enrolled.status == 0, "\(enrolled.log)")
    let leaf = try #require(host.leaf)
    let uid = try #require(host.uid)
    let names = ["leaf.key", "leaf.pem", "identity"]
    let before = names.map(host.bytes)
    ending.prepare(target)
    let offer = try source.handover(of: leaf, uid: uid, to: target, scheme: scheme, probation: ending.probation)
    source.offer(offer)
    let home = ending == .arrived ? target : source

    let result = try await body(
        Move(
            host: host, source: source, target: target, offer: offer, ending: ending, home: try home.endpoint(scheme)))

    #expect(names.map(host.bytes) == before, "the identity changed")
    let status = try await host.status()
    #expect(status["active"]?["endpoint"]?.string == (try home.endpoint(scheme).description))
    #expect(status["candidate"] == nil)
    #expect((status["previous"] == nil) == (ending != .arrived), "the way back is kept after an arrival alone")
    #expect(status["last_verdict"]?["cause"]?.string == ending.cause?.code)
    #expect(status["epoch"]?.integer == (ending == .refused ? 0 : 1))
    if let cause = ending.cause {
        let words = source.settingsStatuses.filter {
            $0.status == .failed && $0.lastConnectionSettingsHash == offer.hash
        }
        #expect(words.allSatisfy { $0.errorMessage.hasPrefix("\(cause.code): ") } && !words.isEmpty)
        #expect(!target.hasHeard(.failed, of: offer))
    } else {
        #expect(target.hasHeard(.applied, of: offer))
        #expect(!source.hasHeard(.failed, of: offer))
    }
    #expect(target.heard.allSatisfy { $0.leaf == leaf.fingerprint && $0.message.instanceUID == uid.bytes })
    #expect(target.heard.allSatisfy { $0.headers["handover-token"] == nil && $0.headers["authorization"] == nil })
    // The last word took leave.
    #expect(await eventually { home.heard.last?.message.agentDisconnect == true })
    return result
}

extension ScriptedOpAMPServer {
    fileprivate func hasHeard(_ status: ConnectionSettingsStatuses, of offer: ConnectionSettingsOffers) -> Bool {
        settingsStatuses.contains { $0.lastConnectionSettingsHash == offer.hash && $0.status == status }
    }
}
