import Certificates
import Foundation
import HTTPTypes
import NIOSSL
import OpAMPProto
import ServerCore
import ServerTransport
import ServiceLifecycle
import TestPKI
import Testing
import Vocabulary
import WireSamples

@testable import MiniServer

@Suite(.timeLimit(.minutes(1)))
struct ListenerTests {
    static let report = AgentToServerExample.full(sequence: 1)

    @Test(arguments: [true, false])
    func `one path serves a poll and a WebSocket, with and without a certificate`(hasLeaf: Bool) async throws {
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service) { server in
            let agent = hasLeaf ? try server.pki.agent() : nil
            let poller = try await server.client(as: agent)
            #expect(try await poller.poll(Self.report)?.instanceUID == Self.report.instanceUID)
            let socket = try await server.socket(as: agent)
            #expect(try await socket.exchange(Self.report)?.instanceUID == Self.report.instanceUID)
            await socket.close()

            let router = try await server.client(as: agent)
            try await router.send("GET /whoami HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let name = agent?.certificate.fingerprint.description ?? "nobody"
            #expect(await router.answer()?.text == "\(name) from 127.0.0.1")
        }
        #expect(service.requests.map(\.transport) == [.polling, .webSocket])
        #expect(service.requests.allSatisfy { ($0.caller.leaf != nil) == hasLeaf })
    }

    @Test func `a certificate of a stranger's authority reaches the service too`() async throws {
        let stranger = try TestAuthority().agent()
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service) { server in
            _ = try await server.client(as: stranger).poll(Self.report)
        }
        #expect(service.requests.map { $0.caller.leaf } == [stranger.certificate])
    }

    @Test func `a new listener certificate is for the next connection and leaves open ones alone`() async throws {
        try await TestServer.run { server in
            let old = try await server.socket(as: try server.pki.agent())
            _ = try await old.exchange(Self.report)
            let before = try await old.serverCertificate()

            let next = try server.pki.listener()
            try server.identity.replace(chain: [next.certificate], key: TLSServerKey(next.key))

            let new = try await server.socket(as: try server.pki.agent())
            #expect(try await new.exchange(Self.report) != nil)
            #expect(try await new.serverCertificate() == next.certificate)
            #expect(before != next.certificate)
            #expect(try await old.exchange(AgentToServerExample.heartbeat(sequence: 2)) != nil)
            await old.close()
            await new.close()
        }
    }

    @Test func `a refused upgrade is an answer that can be read`() async throws {
        var problem = ProblemResponse(
            .forbidden,
            OperatorMessage(code: "agent.revoked", title: "No", cause: "The leaf is revoked.", nextAction: "Enrol."))
        problem.handoverCause = "leaf-revoked"
        problem.retryAfter = .milliseconds(1500)
        let refusal = problem
        try await TestServer.run(service: ScriptedOpAMPService(admission: { _ in .refused(refusal) })) { server in
            let client = try await server.client(as: try server.pki.agent())
            let answer = try #require(try await client.upgrade())
            #expect(answer.status == 403)
            #expect(answer["content-type"] == "application/problem+json")
            #expect(answer["opamp-handover-cause"] == "leaf-revoked")
            #expect(answer["retry-after"] == "2")
            #expect(answer.text.contains("\"code\":\"agent.revoked\""))
            #expect(await client.readToEnd() == [])

            let poll = try #require(try await server.client().post("/v1/opamp", []))
            #expect(poll.status == 403)
            #expect(poll["opamp-handover-cause"] == "leaf-revoked")
            #expect(poll.text == answer.text)
        }
    }

    @Test func `it binds the asked address and no other`() async throws {
        try await TestServer.run { server in
            let port = String(server.port, radix: 16, uppercase: true)
            let listening = try ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path in
                try Self.text(ofSystemFile: path).split(separator: "\n").compactMap { line -> String? in
                    let fields = line.split(separator: " ")
                    guard fields.count > 3, fields[3] == "0A", fields[1].hasSuffix(":\(port)") else { return nil }
                    return String(fields[1])
                }
            }
            #expect(listening == ["0100007F:\(port)"])
        }
    }

    @Test func `nothing below TLS 1_2 and no protocol but HTTP 1_1 is agreed on`() async throws {
        try await TestServer.run { server in
            let old = try await RawClient.connect(to: server.port, trusting: server.pki.certificate) {
                $0.minimumTLSVersion = .tlsv1
                $0.maximumTLSVersion = .tlsv11
            }
            try? await old.send("GET /whoami HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(await old.readToEnd() == [])
            let modern = try await RawClient.connect(to: server.port, trusting: server.pki.certificate) {
                $0.applicationProtocols = ["h2", "http/1.1"]
            }
            try await modern.send("GET /whoami HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(await modern.answer()?.status == 200)
            #expect(modern.negotiatedProtocol == "http/1.1")
        }
    }

    /// The first handshake with the agent's key, the second without: the ticket alone speaks for the agent.
    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func `a resumed session is decided by the certificate it began with`(version: String) async throws {
        try await TestServer.run { server in
            let agent = try server.pki.agent()
            let openssl = try OpenSSLCommand()
            try openssl.write(agent.certificate.pem + agent.key.pem.revealText(), to: "leaf.pem")
            let dial = ["s_client", "-connect", "127.0.0.1:\(server.port)", version, "-ign_eof"]
            let first = try await openssl.run(
                dial + ["-cert", "leaf.pem", "-key", "leaf.pem", "-sess_out", "ticket"], input: Self.whoami)
            let second = try await openssl.run(dial + ["-sess_in", "ticket"], input: Self.whoami)
            let name = agent.certificate.fingerprint.description
            #expect(first.contains("New, ") && first.contains(name))
            #expect(second.contains("Reused, ") && second.contains(name))
        }
    }

    /// Such a file claims to be empty.
    private static func text(ofSystemFile path: String) throws -> String {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    }

    private static let whoami = "GET /whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    @Test func `stopping closes WebSockets with 1001 and ends idle connections`() async throws {
        try await TestServer.run { server in
            let socket = try await server.socket(as: try server.pki.agent())
            _ = try await socket.exchange(Self.report)
            let idle = try await server.client()
            try await idle.send("GET /whoami HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(await idle.answer()?.status == 200)
            await server.group.triggerGracefulShutdown()
            #expect(await socket.frame()?.closeCode == 1001)
            await socket.close()
            #expect(await idle.readToEnd() == [])
        }
    }

}
