import Certificates
import Glibc
import OpAMPProto
import ScriptedDesk
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(10))) struct MoveCrashTests {
    @Test(arguments: ["wss", "https"])
    func `F22 killed at any point of a move, the agent restarts and reaches exactly one server`(scheme: String) async throws {
        let points = try await crashPoints()
        var reached: Set<String> = []
        try await atOnce(points) { point in
            var times = 0
            while try await !arrives(over: scheme, killedAt: "\(point)#\(times + 1)") { times += 1 }
            return times > 0 ? point : nil
        } each: { if let point = $0 { reached.insert(point) } }
        let ofEnrolment = points.filter { $0.hasPrefix("key.") || $0.hasPrefix("identity.") || $0.hasPrefix("adopted.") || $0.hasPrefix("leaf.") }
        #expect(Set(points).subtracting(reached) == Set(ofEnrolment + ["directive.drop"]))
    }

    /// - Returns: true when the point was not reached.
    private func arrives(over scheme: String, killedAt point: String) async throws -> Bool {
        try await withMove(over: scheme) { host, source, target, _ in
            let home = "connection.online endpoint=\(try target.endpoint(scheme))"
            let first = try host.run(crashAt: point)
            _ = await eventually { !first.isRunning || first.log.contains(home) }
            first.send(SIGTERM)
            let end = await first.end()
            guard end.signal == SIGKILL else {
                #expect(end.status == 0, "\(point): \(end.log)")
                return true
            }
            // What was killed had at least one server to go to.
            let found = try await host.status()["active"]?["endpoint"]?.string
            #expect(try [source, target].map { try $0.endpoint(scheme).description }.contains(found), "\(point)")
            // Nothing failed, so after every crash the move is taken up again.
            let agent = try host.run()
            #expect(await eventually { agent.log.contains(home) }, "\(point): \(agent.log)")
            agent.send(SIGTERM)
            let second = await agent.end()
            #expect(second.status == 0, "\(point): \(second.log)")
            return false
        }
    }

    @Test func `F22 killed at random moments of a move, again and again, it arrives in the end`() async throws {
        try await atOnce(Array(0..<12)) { seed in
            try await withMove(over: seed % 2 == 0 ? "wss" : "https") { host, _, target, _ in
                var random = SeededRandom(seed: UInt64(seed) &+ 77)
                // The third restart drops a candidate, so no more than two.
                for _ in 0..<2 {
                    let victim = try host.run()
                    try await Task.sleep(for: .milliseconds(Int.random(in: 20...400, using: &random)))
                    victim.send(SIGKILL)
                    _ = await victim.end()
                }
                let agent = try host.run()
                let home = "connection.online endpoint=\(try target.endpoint(seed % 2 == 0 ? "wss" : "https"))"
                #expect(await eventually { agent.log.contains(home) }, "seed \(seed): \(agent.log)")
                agent.send(SIGTERM)
                #expect(await agent.end().status == 0, "seed \(seed)")
            }
        } each: { _ in }
    }
}

/// An enrolled host with an offer to move waiting for it; checks at the end that it is who it was and is in one place.
private func withMove<Result: Sendable>(
    over scheme: String,
    _ body: (HostDirectory, ScriptedDesk, ScriptedDesk, ConnectionSettingsOffers) async throws -> Result
) async throws -> Result {
    let source = try await ScriptedDesk.start("EU")
    let target = try await ScriptedDesk.start("US")
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
    let offer = try source.handover(of: leaf, uid: uid, to: target, scheme: scheme)
    source.offer(offer)

    let result = try await body(host, source, target, offer)

    #expect(names.map(host.bytes) == before, "the identity changed")
    let status = try await host.status()
    #expect(status["active"]?["endpoint"]?.string == (try target.endpoint(scheme).description))
    #expect(status["candidate"] == nil)
    #expect(target.hasHeard(.applied, of: offer))
    #expect(!source.hasHeard(.failed, of: offer))
    #expect(status["epoch"]?.integer == 1)
    #expect(target.heard.allSatisfy { $0.leaf == leaf.fingerprint && $0.message.instanceUID == uid.bytes })
    #expect(target.heard.allSatisfy { $0.headers["handover-token"] == nil && $0.headers["authorization"] == nil })
    // The last word to the target took leave.
    #expect(await eventually { target.heard.last?.message.agentDisconnect == true })
    return result
}

extension ScriptedDesk {
    fileprivate func hasHeard(_ status: ConnectionSettingsStatuses, of offer: ConnectionSettingsOffers) -> Bool {
        settingsStatuses.contains { $0.lastConnectionSettingsHash == offer.hash && $0.status == status }
    }
}
