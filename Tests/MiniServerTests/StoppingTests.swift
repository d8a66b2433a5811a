import NIOCore
import ServiceLifecycle
import TestPKI
import Testing
import Vocabulary

@testable import ServerTransport

/// A listener that is asked to stop while clients owe it something, or it owes them. Every other limit is far beyond
/// the test's own, so that only the end of the stop itself can end the connection.
@Suite(.timeLimit(.minutes(1)))
struct StoppingTests {
    private static let limits: ListenerLimits = {
        var limits = ListenerLimits()
        limits.headWait = .hours(1)
        limits.bodyWait = .hours(1)
        limits.idleWait = .hours(1)
        limits.stallWait = .hours(1)
        limits.firstMessageWait = .hours(1)
        limits.closeTimeout = .hours(1)
        return limits
    }()

    private static let get = "GET /whoami HTTP/1.1\r\nHost: localhost\r\n\r\n"

    enum Client: CaseIterable {
        case noHandshake, halfHead, tricklingBody, pipelinerThatDoesNotRead, silentWebSocket, webSocketThatDoesNotClose
    }

    @Test(arguments: Client.allCases)
    func `a stop ends whatever a client does`(client: Client) async throws {
        try await TestServer.run(limits: Self.limits) { server in
            let connection: RawClient
            switch client {
            case .noHandshake:
                connection = try await RawClient.connectPlainly(to: server.port)
            case .halfHead:
                connection = try await server.client()
                try await connection.send("GET /whoami HTTP/1.1\r\nHost: loc")
            case .tricklingBody:
                connection = try await server.client()
                try await connection.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\na")
            case .pipelinerThatDoesNotRead:
                connection = try await server.client()
                try await connection.send(Self.get)
                #expect(await connection.answer()?.status == 200)
                try await connection.stopReading()
            case .silentWebSocket:
                connection = try await server.client(as: try server.pki.agent())
                #expect(try await connection.upgrade()?.status == 101)
            case .webSocketThatDoesNotClose:
                connection = try await server.socket(as: try server.pki.agent())
                _ = try await connection.exchange(ListenerTests.report)
            }
            // It goes on with what it does for as long as it can: only the server ends this.
            let goesOn = Task {
                while !Task.isCancelled {
                    switch client {
                    case .tricklingBody: try await connection.send("a")
                    case .pipelinerThatDoesNotRead: try await connection.send(String(repeating: Self.get, count: 2000))
                    default: break
                    }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            await server.group.triggerGracefulShutdown()
            try await server.ended()
            goesOn.cancel()
            await connection.close()
        }
    }

    @Test func `a request in progress is answered before its connection ends`() async throws {
        var limits = Self.limits
        limits.leavingWait = .hours(1)
        try await TestServer.run(limits: limits) { server in
            let client = try await server.client()
            try await client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab")
            // The server has read the head once it has answered somebody who came later.
            let later = try await server.client()
            try await later.send(Self.get)
            #expect(await later.answer()?.status == 200)
            await server.group.triggerGracefulShutdown()
            #expect(await later.readToEnd() == [], "who is owed nothing is closed at once")
            try await client.send("cde")
            #expect(await client.answer()?.text == "5")
            #expect(await client.readToEnd() == [])
        }
    }

    /// A label of more than 63 octets is no host name, so that no name server is asked for it.
    private static let noHost = String(repeating: "x", count: 64) + ".invalid"

    /// Why a listener could not be bound, and the address it was.
    @Test(arguments: [
        ("127.0.0.1", BindFailure.Reason.inUse), ("192.0.2.1", .notOurs), (noHost, .hostUnknown),
    ])
    func `an address that cannot be bound is named, with its reason`(
        host: String, reason: BindFailure.Reason
    ) async throws {
        try await TestServer.run { server in
            let failure = await #expect(throws: BindFailure.self) {
                try await server.bindAgain(host: host, port: server.port)
            }
            #expect(failure?.reason == reason)
            #expect(failure?.address == "\(host):\(server.port)")
            let message = try #require(failure?.operatorMessage)
            #expect(message.code == "listener.\(reason.rawValue)")
            #expect(message.cause.contains("\(host):\(server.port)") && message.nextAction.contains("--listen"))
            #expect(!"\(message)".contains("descriptor"))
        }
    }
}
