import Certificates
import Foundation
import NIOCore
import ScriptedServer
import ServerAPI
import ServerCore
import ServerStorage
import TestPKI
import TestValues
import Testing
import Vocabulary

@testable import MiniServer

/// Something answers where the peer should, with a certificate that is good, and is not the peer.
@Suite(.timeLimit(.minutes(1)))
struct AnsweringBadlyTests {
    enum Answer: CaseIterable {
        case otherPeer, notJSON, redirect, failing, tooEarly, silence, dripping

        var isSlow: Bool { self == .silence || self == .dripping }

        var code: String {
            switch self {
            case .otherPeer: "federation.ping-other-peer"
            case .notJSON, .redirect, .tooEarly: "federation.ping-not-a-peer"
            case .failing: "federation.ping-server-error"
            case .silence, .dripping: "federation.ping-timeout"
            }
        }

        func reply() throws -> ScriptedReply {
            switch self {
            case .otherPeer:
                let identity = PeerIdentity(
                    peerID: .random, name: "us", opampEndpoint: "wss://us.example", time: .now)
                return .answer(
                    200, headers: [("Content-Type", "application/json")],
                    body: Array(try JSONEncoder().encode(identity)))
            case .notJSON: return .answer(200, headers: [("Content-Type", "text/plain")], body: Array("hello".utf8))
            case .redirect: return .answer(301, headers: [("Location", "/")])
            case .failing: return .answer(502)
            case .tooEarly: return .answer(425)
            case .silence: return .silence
            case .dripping: return .dripping
            }
        }
    }

    @Test(arguments: Answer.allCases)
    func `a ping and the peer's row say what answered`(answer: Answer) async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            try await Self.impersonate(us, answering: answer) { port in
                let context = eu.server.context
                var row = try await context.database.read { try $0.peer(named: "us") }
                row.endpoint = try Endpoint("https://127.0.0.1:\(port)")
                let known = row
                try await context.database.write { try $0.peers.save(known) }
                let client = FederationClient(
                    server: context, callDeadline: answer.isSlow ? .milliseconds(300) : .seconds(5))
                let result = try await client.ping(row, by: .server)
                await client.shutDown()
                #expect(result.code == answer.code, "\(result.text)")
                let after = try await eu.savedPeer("us")
                #expect(after.lastContact == nil && after.lastError == result.text)
                let label = PingOutcome.label(of: answer)
                #expect(
                    context.metrics.exposition(gauges: []).contains(
                        "{peer=\"us\",direction=\"outbound\",outcome=\"\(label)\"} 1"))
                #expect(!context.metrics.exposition(gauges: []).contains("outcome=\"ok\""))
            }
        }
    }

    /// A server that this peer's CA vouches for, and that answers its one question like this.
    private static func impersonate(
        _ peer: RunningServer, answering answer: Answer, _ body: (Int) async throws -> Void
    ) async throws {
        let (certificate, key) = try peer.server.context.authority.issueListener(names: ["127.0.0.1"], at: .now)
        let reply = try answer.reply()
        let tls = TestIdentity(certificate: certificate, key: key).tls()
        let server = try await ScriptedServer.start(tls: tls) { request in
            request.path == FederationRoutes.ping.template ? reply : .answer(404)
        }
        defer { server.stop() }
        try await body(server.port)
    }
}

extension PingOutcome {
    fileprivate static func label(of answer: AnsweringBadlyTests.Answer) -> String {
        switch answer {
        case .otherPeer, .notJSON, .redirect, .tooEarly: "protocol_error"
        case .failing: "server_error"
        case .silence, .dripping: "timeout"
        }
    }
}
