import AgentCore
import BareClient
import Certificates
import DurableFiles
import Foundation
import OpAMPProto
import ScriptedOpAMPServer
import TestPKI
import Vocabulary

extension Bench {
    /// One agent there and back between two servers that decide, keep and commit nothing, with the yardsticks between its ways.
    func measureAgentHandover() async throws {
        let pair = try await (
            ScriptedOpAMPServer.start("here", heartbeatSeconds: 30),
            ScriptedOpAMPServer.start("there", heartbeatSeconds: 30)
        )
        defer { for server in [pair.0, pair.1] { server.stop() } }
        let agents = try hostedAgents(1, in: "agent-handover", at: pair.0)
        do {
            try await agents.waitUntilAtWork()
            guard let first = pair.0.heard.last(where: { $0.leaf != nil }),
                let uid = InstanceUID(bytes: first.message.instanceUID),
                let text = try? String(
                    contentsOf: folder.appending(path: "agent-handover/agent-1/leaf.pem"), encoding: .utf8)
            else { throw BenchFailure.notEnrolled("agent-1", last: "nothing") }
            let leaf = try Certificate(pem: text)
            let bareAgents = try (0..<2).map { _ in try BenchAgent(of: pair.1.authority) }
            for trip in 0...some(30) {
                for (way, ends) in [(pair.0, pair.1), (pair.1, pair.0)].enumerated() {
                    let epoch = Epoch(UInt64(2 * trip + way + 1))
                    let took = try await handOver(agents, leaf, uid, from: ends.0, to: ends.1, epoch: epoch)
                    try await measureBareSession(with: bareAgents, at: pair.1)
                    guard trip > 0 else { continue }
                    report.add(.agentHandover, [took.milliseconds])
                    report.add(.agentHandoverCPU, [took.cpu])
                    try measureSave(4)
                }
            }
        } catch {
            await agents.end()
            throw error
        }
        await agents.end()
    }

    /// From the offer's leaving the source until the target answers the first report, and the agent's CPU time until it has
    /// said that it stays.
    private func handOver(
        _ agents: HostedAgents, _ leaf: Certificate, _ uid: InstanceUID, from source: ScriptedOpAMPServer,
        to target: ScriptedOpAMPServer, epoch: Epoch
    ) async throws -> (milliseconds: Double, cpu: Double) {
        let offer = try source.handover(of: leaf, uid: uid, to: target, epoch: epoch)
        let known = target.heard.count
        let cpu = try ProcessCost.cpu(of: agents.processID)
        let start = ContinuousClock.now
        source.offer(offer)
        let deadline = start + .seconds(20)
        while true {
            try await Task.sleep(for: .milliseconds(50))
            let heard = target.heard.dropFirst(known)
            if let first = heard.first,
                heard.contains(where: { $0.message.connectionSettingsStatus?.status == .applied })
            {
                return ((first.at - start) / .milliseconds(1), try ProcessCost.cpu(of: agents.processID) - cpu)
            }
            guard ContinuousClock.now < deadline else {
                throw BenchFailure.notArrived([
                    "agent-1, last \(agents.news["agent-1"]?.last?.event.rawValue ?? "nothing")"
                ])
            }
        }
    }

    /// The bare client at the same server: a connect with its first answer, and a handshake alone.
    private func measureBareSession(with agents: [BenchAgent], at server: ScriptedOpAMPServer) async throws {
        let loadTarget = LoadTarget(
            destination: BareDestination(
                port: server.port, trust: try BareTrust(authority: server.authority.certificate.pem)),
            processID: ProcessInfo.processInfo.processIdentifier, isBare: false)
        let (connects, handshakes) = try await onThread { () -> ([Double], [Double]) in
            let load = try Load(loadTarget)
            let connects = try agents.map { agent in
                let (lines, took) = try load.join([agent])
                load.close(lines)
                return took[0]
            }
            return (connects, try agents.map { try Self.handshake($0, at: loadTarget.destination) })
        }
        report.add(.scriptedConnect, connects)
        report.add(.bareHandshakeCPU, handshakes)
    }

    /// Microseconds of this thread, from the context to the last message of TLS.
    private nonisolated static func handshake(_ agent: BenchAgent, at destination: BareDestination) throws -> Double {
        let loop = try BareLoop()
        var isUp = false
        var failure: BareFailure?
        let before = ProcessCost.ownThread()
        let connection = try loop.dial(
            destination, as: agent.identity, over: .poll,
            BareConnection.Events(opened: { _ in isUp = true }, received: { _, _ in }, ended: { failure = $1 }))
        try loop.run("a handshake") { isUp || failure != nil }
        let cost = ProcessCost.ownThread() - before
        if let failure { throw failure }
        connection.drop()
        return cost
    }
}

extension BenchAgent {
    init(of authority: TestAuthority) throws {
        let leaf = try authority.agent()
        self.init(
            identity: try BareIdentity(certificate: leaf.certificate.pem, key: leaf.key.pem.revealText()),
            uid: Self.freshUID(), name: "bare")
    }
}
