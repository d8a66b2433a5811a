import Certificates
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import ServiceLifecycle
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

        func response() async throws -> Response {
            switch self {
            case .otherPeer:
                let stranger = try #require(PeerID(Hex.encode(RandomBytes.generate(16))))
                return try .json(
                    PeerIdentity(peerID: stranger, name: "us", opampEndpoint: "wss://us.example", time: .now))
            case .notJSON: return .text("hello", type: "text/plain")
            case .redirect: return Response(status: .movedPermanently, headers: [.location: "/"])
            case .failing: return Response(status: .badGateway)
            case .tooEarly: return Response(status: .tooEarly)
            case .silence:
                try await Task.sleep(for: .seconds(30))
                return Response(status: .ok)
            case .dripping:
                let body = ResponseBody { writer in
                    for _ in 0..<300 {
                        try await writer.write(ByteBuffer(string: " "))
                        try await Task.sleep(for: .milliseconds(100))
                    }
                    try await writer.finish(nil)
                }
                return Response(status: .ok, body: body)
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

    /// A listener that this peer's CA vouches for, and that answers its one question like this.
    private static func impersonate(
        _ peer: RunningServer, answering answer: Answer, _ body: (Int) async throws -> Void
    ) async throws {
        let authority = peer.server.context.authority
        let (certificate, key) = try authority.issueListener(names: ["127.0.0.1"], at: .now)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let router = Router(context: CallerContext.self)
        router.get(RouterPath(FederationRoutes.ping.template)) { _, _ in try await answer.response() }
        let endpoint = OpAMPEndpoint(service: ScriptedOpAMPService(), gate: ConcurrencyLimit(limit: 1), logger: logger)
        let listener = Listener(
            host: "127.0.0.1", port: 0, identity: try ListenerIdentity(chain: [certificate], key: TLSServerKey(key)),
            responder: router.buildResponder(), route: endpoint.webSocketRoute, direct: endpoint.pollingRoute,
            logger: logger)
        let group = ServiceGroup(services: [listener], logger: logger)
        try await withThrowingTaskGroup { tasks in
            defer { tasks.cancelAll() }
            tasks.addTask { try await group.run() }
            try await body(try #require(await listener.boundPort.value))
        }
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
