import Certificates
import HandoverToken
import ServerAPI
import ServerCore
import ServerStorage
import Testing
import Vocabulary

@testable import MiniServer

/// A peer goes; what was meant for it must not wait for ever.
@Suite(.timeLimit(.minutes(1)))
struct PeerRemovalTests {
    private func remove(_ name: String, at server: RunningServer, dropping: Bool = false) async throws
        -> RunningServer.Answer
    {
        try await server.exchange(
            OperatorRoutes.deletePeer(name, query: [.dropMessages: dropping ? "true" : nil]), bearer: server.admin)
    }

    @Test func `a peer is not removed while a handover is open or a message waits, unless that is dropped`()
        async throws
    {
        try await RunningServer.run("eu", "us") { servers in
            let pair = try await HandoverPair(servers[0], servers[1])
            let (id, token) = try await pair.issue()
            _ = try await pair.us.service.redeem(token, choice: .init(), by: pair.operatorContext)
            let open = try await remove("us", at: pair.eu)
            #expect(open.status == 409 && open.problem?.code == "federation.handovers-open")

            // US is not to take what the cancellation sends.
            try await pair.us.call(
                OperatorRoutes.updatePeer("eu"), sending: PeerUpdate(enabled: false))
            try await pair.eu.service.cancel(id, reason: nil, by: pair.operatorContext)
            let waiting = try await remove("us", at: pair.eu)
            #expect(waiting.status == 409 && waiting.problem?.code == "federation.messages-waiting")
            #expect(waiting.problem?.nextAction.contains("--drop-messages") == true)

            let removed = try await remove("us", at: pair.eu, dropping: true)
            #expect((200..<300).contains(removed.status), "\(removed.text)")
            #expect(try await pair.eu.server.context.database.read { try $0.outbox.count() } == 0)
            let entry = try await pair.eu.audit().first { $0.action == .peerDeleted }
            // The cancellation, and the offer: US knows of it, and has not said so.
            #expect(entry?.additional["droppedMessages"] == "2")
        }
    }
}
