import AsyncHTTPClient
import Certificates
import HandoverToken
import ServerAPI
import ServerCore
import ServerStorage
import Testing
import Vocabulary

@testable import MiniServer

struct PingTests {
    @Test func `two servers that pasted and swapped ping each other`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            for (server, peer) in [(eu, "us"), (us, "eu")] {
                let result = try await server.ping(peer)
                #expect(result.ok)
                #expect(result.text == "200 OK · \(result.milliseconds) ms")
                let row = try await server.call(OperatorRoutes.peer(peer))
                #expect(row.trustVersion == 1, "a good ping refreshes a new peer")
                #expect(row.opampEndpoint != nil)
                #expect(row.lastContact != nil && row.lastError == nil)
            }
            let (calls, requests) = (try await eu.audit(), try await us.audit())
            let traces = Set(calls.filter { $0.action == .peerCalled }.compactMap(\.traceID))
            let arrived = requests.filter { $0.action == .remoteRequest }
            #expect(!arrived.isEmpty && arrived.allSatisfy { $0.traceID.map(traces.contains) ?? false })
        }
    }

    /// The HTTP library traps when a client goes away that nobody has shut down.
    @Test func `a call that begins after the end makes no connection`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            let peer = try await eu.savedPeer("us")
            let client = FederationClient(server: eu.server.context)
            #expect(try await client.ping(peer, by: .server).ok)
            await client.shutDown()
            await #expect(throws: HTTPClientError.alreadyShutdown) { try await client.ping(peer, by: .server) }
        }
    }

    /// What is wrong, and what the button then says.
    enum Fault: CaseIterable {
        case certificateNotPinned, wrongSecret, wrongCA, wrongHost, refusedPort, disabledThere

        var code: String {
            switch self {
            case .certificateNotPinned, .disabledThere: "federation.ping-certificate-not-accepted"
            case .wrongSecret: "federation.ping-secret-not-accepted"
            case .wrongCA, .wrongHost: "federation.ping-tls"
            case .refusedPort: "federation.ping-unreachable"
            }
        }
    }

    @Test(arguments: Fault.allCases) func `a ping that fails says which factor failed`(fault: Fault) async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            let expected = try await inflict(fault, on: eu, us)
            let result = try await eu.ping("us")
            #expect(!result.ok)
            #expect(result.code == fault.code)
            #expect(result.text.contains(expected), "\(result.text)")
            #expect(result.nextAction?.isEmpty == false)
            #expect(result.presentedChain.isEmpty == (fault.code != "federation.ping-tls"))
            let row = try await eu.call(OperatorRoutes.peer("us"))
            #expect(row.lastError != nil && row.lastContact == nil, "no contact is one without success")
        }
    }

    /// - Returns: what the text must contain.
    private func inflict(_ fault: Fault, on eu: RunningServer, _ us: RunningServer) async throws -> String {
        switch fault {
        case .certificateNotPinned:
            let shown = try await eu.newestIdentity()
            let other = try await us.newestIdentity()
            try await us.server.context.database.write { tables in
                var row = try tables.peer(named: "eu")
                if let other { row.pin = PeerPin(other.certificate) }
                try tables.peers.save(row)
            }
            return shown?.certificate.fingerprint.description ?? "no certificate"
        case .wrongSecret:
            _ = try await eu.generateSecret(.outbound, of: "us")
            return "401"
        case .wrongCA:
            let own = try eu.server.context.authority.active().certificate
            try await eu.server.context.database.write { tables in
                var row = try tables.peer(named: "us")
                row.trust.serverCAs = try ServerCAs([own])
                try tables.peers.save(row)
            }
            return "does not chain to any of the trusted CA"
        case .wrongHost:
            let port = us.base.split(separator: ":").last ?? ""
            try await change(eu, "us", PeerUpdate(endpoint: "https://localhost:\(port)"))
            return "localhost"
        case .refusedPort:
            try await change(eu, "us", PeerUpdate(endpoint: "https://127.0.0.1:1"))
            return "unreachable"
        case .disabledThere:
            try await change(us, "eu", PeerUpdate(enabled: false))
            return "does not pin"
        }
    }

    private func change(_ server: RunningServer, _ name: String, _ update: PeerUpdate) async throws {
        try await server.call(
            OperatorRoutes.updatePeer(name), sending: update)
    }

    @Test func `a peer hears of a new CA from a key it knows`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            #expect(try await us.ping("eu").ok)
            let draft = try await eu.call(OperatorRoutes.draftSigningKey())
            try await eu.call(
                OperatorRoutes.activateSigningKey("\(draft.fingerprint)"))
            let row = try await us.call(OperatorRoutes.refreshPeer("eu"))
            #expect(row.tokenSigners.map(\.fingerprint).contains(draft.fingerprint))
            #expect(row.trustVersion == 3)
        }
    }

    @Test func `the secret before a rotation is good until a day after the first use of the new one`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            let next = try await eu.generateSecret(.inbound, of: "us")
            #expect(try await us.ping("eu").ok)
            #expect(try await eu.savedPeer("us").inbound?.previousUntil == nil)
            try await us.call(
                OperatorRoutes.savePeerSecret("eu"),
                sending: PeerSecretText(direction: .outbound, secret: next))
            #expect(try await us.ping("eu").ok)
            let inbound = try await eu.savedPeer("us").inbound
            #expect(inbound?.previousDigest != nil && inbound?.previousUntil != nil)
            let first = try await eu.audit().filter { $0.action == .peerFactorFirstUsed }
            #expect(first.map(\.after) == ["secret"])
        }
    }
}
