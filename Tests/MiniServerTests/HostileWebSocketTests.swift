import NIOCore
import OpAMPProto
import ServerCore
import TestPKI
import Testing
import WireSamples

@testable import MiniServer
@testable import ServerTransport

@Suite(.timeLimit(.minutes(1)))
struct HostileWebSocketTests {
    struct Attack: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let code: Int

        var testDescription: String { name }
    }

    static let attacks = [
        Attack(name: "unmasked frame", bytes: RawFrame.bytes(0x82, [0], isMasked: false), code: 1002),
        Attack(name: "reserved bit", bytes: RawFrame.bytes(0xC2, [0]), code: 1002),
        Attack(name: "reserved opcode", bytes: RawFrame.bytes(0x83, [0]), code: 1002),
        Attack(name: "reserved control opcode", bytes: RawFrame.bytes(0x8B, [0]), code: 1002),
        Attack(name: "long ping", bytes: RawFrame.bytes(0x89, Array(repeating: 0, count: 126)), code: 1002),
        Attack(name: "fragmented ping", bytes: RawFrame.bytes(0x09, [0]), code: 1002),
        Attack(name: "continuation of nothing", bytes: RawFrame.bytes(0x80, [0]), code: 1002),
        Attack(
            name: "message inside a message",
            bytes: RawFrame.bytes(0x02, [0]) + RawFrame.bytes(0x82, [0]), code: 1002),
        Attack(
            name: "length beyond the limit",
            bytes: [0x82, 0xFF, 0, 0, 0, 0, 0, 0xA0, 0, 11, 1, 2, 3, 4], code: 1009),
        Attack(name: "length of 2^63", bytes: [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], code: 1009),
        Attack(
            name: "too many fragments",
            bytes: RawFrame.bytes(0x02, [0])
                + (0..<5000).flatMap { _ in RawFrame.bytes(0x00, [0]) }, code: 1009),
        Attack(name: "close with one byte", bytes: RawFrame.bytes(0x88, [3]), code: 1002),
        Attack(name: "close with code 1005", bytes: RawFrame.bytes(0x88, [3, 0xED]), code: 1002),
        Attack(name: "close with bad UTF-8", bytes: RawFrame.bytes(0x88, [3, 0xE8, 0xFF]), code: 1007),
        Attack(name: "a proper close", bytes: RawFrame.bytes(0x88, [3, 0xE8]), code: 1000),
        Attack(name: "a bare close", bytes: RawFrame.bytes(0x88, []), code: 1000),
    ]

    @Test(arguments: attacks)
    func `ends with its close code, and the service is told once`(attack: Attack) async throws {
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service) { server in
            let client = try await server.socket(as: try server.pki.agent())
            _ = try await client.exchange(AgentToServerExample.full(sequence: 1))
            try await client.send(attack.bytes)
            #expect(await client.frame()?.closeCode == attack.code)
            await client.close()
            #expect(await service.closings(1).map(\.ending) == [.lost])
            #expect(service.reports.count == 1)
            #expect(server.endpoint.agents.sessions == [])
        }
    }

    @Test func `fragments that add up to more than a message are refused`() async throws {
        var limits = ListenerLimits()
        limits.bodyBytes = 10_000
        try await TestServer.run(limits: limits) { server in
            let client = try await server.socket()
            let part: [UInt8] = Array(repeating: 0, count: 3337)
            try await client.send(RawFrame.bytes(0x02, part))
            try await client.send(RawFrame.bytes(0x00, part) + RawFrame.bytes(0x00, part))
            #expect(await client.frame()?.closeCode == 1009)
            await client.close()
        }
    }

    static let nonsense: [(String, [UInt8])] = [
        ("text", RawFrame.bytes(0x81, Array("hello".utf8))),
        ("empty", RawFrame.bytes(0x82, [])),
        ("header not zero", RawFrame.bytes(0x82, [1, 0x0A, 0])),
        ("header without end", RawFrame.bytes(0x82, Array(repeating: 0xFF, count: 11))),
        ("garbage", RawFrame.bytes(0x82, [0, 0xFF, 0xFF, 0xFF, 0xFF])),
        ("length beyond the end", RawFrame.bytes(0x82, [0, 0x0A, 0x7F])),
        ("group", RawFrame.bytes(0x82, [0, 0x0B, 0x0C])),
        ("no instance_uid", RawFrame.bytes(0x82, [0])),
        ("15 bytes of instance_uid", RawFrame.bytes(0x82, [0, 0x0A, 15] + Array(repeating: 7, count: 15))),
    ]

    @Test(arguments: nonsense)
    func `what is no message is answered BAD_REQUEST, and the session goes on`(
        name: String, bytes: [UInt8]
    ) async throws {
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service) { server in
            let client = try await server.socket(as: try server.pki.agent())
            try await client.send(bytes)
            let refusal = try #require(try await client.message())
            #expect(refusal.errorResponse?.type == .badRequest)
            #expect(refusal == ServerToAgent(instanceUID: refusal.instanceUID, errorResponse: refusal.errorResponse))
            #expect(try await client.exchange(AgentToServerExample.full(sequence: 1))?.errorResponse == nil)
            await client.close()
        }
        #expect(service.reports.count == 1)
    }

    @Test(arguments: [(FrameHeader.Tolerance.strict, true), (.headerless, false)])
    func `a message without the header byte is read where an operator allows it`(
        frames: FrameHeader.Tolerance, isRefused: Bool
    ) async throws {
        try await TestServer.run(frames: frames) { server in
            let client = try await server.socket(as: try server.pki.agent())
            let message = AgentToServerExample.full(sequence: 1)
            try await client.send(RawFrame.bytes(0x82, try message.encoded()))
            let answer = try #require(try await client.message())
            #expect((answer.errorResponse?.type == .badRequest) == isRefused)
            // With the header it is read either way.
            #expect(try await client.exchange(message)?.errorResponse == nil)
            await client.close()
        }
    }

    @Test func `fragments with a ping between them are one message`() async throws {
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service) { server in
            let client = try await server.socket()
            let bytes = FrameHeader.framed(try AgentToServerExample.full(sequence: 1).encoded())
            try await client.send(RawFrame.bytes(0x02, Array(bytes.prefix(5))))
            try await client.send(RawFrame.bytes(0x89, [42]))
            try await client.send(RawFrame.bytes(0x80, Array(bytes.dropFirst(5))))
            let pong = await client.frame()
            #expect(pong?.opcode == 10 && pong?.payload == [42])
            #expect(try await client.message()?.instanceUID == AgentToServerExample.uid)
            await client.close()
        }
    }

    @Test func `a peer that does not read is disconnected before its queue grows past the limit`() async throws {
        var limits = ListenerLimits()
        limits.unsentBytes = 1 << 20
        let service = ScriptedOpAMPService()
        try await TestServer.run(service: service, limits: limits) { server in
            let agent = try server.pki.agent()
            let client = try await server.socket(as: agent)
            var capable = AgentToServerExample.full(sequence: 1)
            capable.capabilities.insert(.acceptsRemoteConfig)
            _ = try await client.exchange(capable)
            try await client.stopReading()
            let row = try #require(server.endpoint.agents.sessions.first?.agent)
            let file = AgentConfigFile(body: Array(repeating: 7, count: 500_000), contentType: "")
            let push = ServerToAgent(
                remoteConfig: AgentRemoteConfig(config: AgentConfigMap(configMap: ["": file]), configHash: [1]))
            for _ in 0..<100 where await server.endpoint.agents.send(push, to: row) == .sent(withheld: []) {}
            #expect(await service.closings(1).map(\.ending) == [.lost])
            await client.close()
        }
    }

    @Test func `a silent socket is pinged and then dropped`() async throws {
        var limits = ListenerLimits()
        limits.pingAfter = .milliseconds(100)
        limits.silenceLimit = .milliseconds(500)
        try await TestServer.run(limits: limits) { server in
            let client = try await server.socket()
            try await client.send(AgentToServerExample.full(sequence: 1))
            // On a busy machine the ping may go before the reply.
            var opcodes: [UInt8] = []
            while let frame = await client.frame() { opcodes.append(frame.opcode) }
            #expect(opcodes.contains(9) && !opcodes.contains(8))
        }
    }

    @Test func `a socket without a first message is closed`() async throws {
        var limits = ListenerLimits()
        limits.firstMessageWait = .milliseconds(100)
        try await TestServer.run(limits: limits) { server in
            let client = try await server.socket()
            #expect(await client.frame()?.closeCode == 1008)
            await client.close()
        }
    }
}
