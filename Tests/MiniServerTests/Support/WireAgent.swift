import Certificates
import OpAMPProto
import ServerCore
import ServerTransport
import Synchronization
import TestPKI
import Testing
import Vocabulary
import WireSamples

@testable import MiniServer

/// An agent with a key, a leaf and a name, and no mind of its own: it says what a test tells it, over raw connections.
struct WireAgent: Sendable {
    let key: PrivateKey
    let uid: InstanceUID
    var leaf: Certificate?

    init(key: PrivateKey, uid: InstanceUID, leaf: Certificate? = nil) {
        (self.key, self.uid, self.leaf) = (key, uid, leaf)
    }

    init() throws {
        self.init(
            key: try PrivateKey.generateP256(), uid: InstanceUID(version7At: .now, random: RandomBytes.generate(10)))
    }

    /// The same host with another leaf.
    func with(_ leaf: Certificate) -> WireAgent { WireAgent(key: key, uid: uid, leaf: leaf) }

    var fingerprint: Fingerprint {
        get throws { try #require(leaf).fingerprint }
    }

    /// A request for a leaf over this agent's key.
    var leafRequest: ConnectionSettingsRequest {
        get throws {
            let csr = try SigningRequest(key: key, subject: "a test").pem
            return ConnectionSettingsRequest(
                opamp: OpAMPConnectionSettingsRequest(
                    certificateRequest: CertificateRequest(csr: Array(csr.utf8))))
        }
    }

    /// A line that has said nothing yet.
    ///
    /// - Throws: `WireLine.Refused` when the server does not let the agent in; over HTTP the first poll shows that.
    func dial(
        _ server: RunningServer, over transport: ConnectionRequest.Transport = .webSocket, headers: [String] = []
    ) async throws -> WireLine {
        let identity = leaf.map { TestIdentity(certificate: $0, key: key) }
        let authority = try #require(server.server.context.listener.chain.last)
        let client = try await RawClient.connect(
            to: try #require(await server.server.port), as: identity, trusting: authority)
        if transport == .webSocket {
            let answer = try #require(try await client.upgrade(headers: headers))
            guard answer.status == 101 else { throw WireLine.Refused(answer: answer) }
        }
        return WireLine(client: client, transport: transport, uid: uid.bytes, headers: headers)
    }

    /// A line on which the server has answered a full report that says where the agent stands.
    func connect(
        to server: RunningServer, over transport: ConnectionRequest.Transport = .webSocket, headers: [String] = [],
        standing: (epoch: Epoch, handover: HandoverID?)? = nil
    ) async throws -> WireLine {
        let line = try await dial(server, over: transport, headers: headers)
        try await line.report(standing: standing)
        return line
    }
}

/// One connection of a `WireAgent`. What the server says is kept until a test asks for it, whether it came as a reply
/// or in between.
final class WireLine: Sendable {
    struct Refused: Error {
        let answer: RawAnswer
        var code: String? { try? JSON(reading: answer.body)["code"]?.string }
    }

    struct Over: Error {}

    let client: RawClient
    private let transport: ConnectionRequest.Transport
    private let uid: [UInt8]
    private let headers: [String]
    private let sequence = Mutex<UInt64>(0)
    private let unread = Mutex<[ServerToAgent]>([])

    init(client: RawClient, transport: ConnectionRequest.Transport, uid: [UInt8], headers: [String]) {
        (self.client, self.transport, self.uid, self.headers) = (client, transport, uid, headers)
    }

    /// One message; a bare heartbeat unless it is changed.
    func send(_ change: (inout AgentToServer) throws -> Void = { _ in }) async throws {
        let number = sequence.withLock { number in
            number += 1
            return number
        }
        var message = AgentToServer(
            instanceUID: uid, sequenceNumber: number, capabilities: AgentToServerExample.capabilities)
        try change(&message)
        switch transport {
        case .webSocket: try await client.send(message)
        case .polling:
            let answer = try #require(
                try await client.post("/v1/opamp", try message.encoded(), headers: headers))
            guard answer.status == 200 else { throw Refused(answer: answer) }
            let reply = try ServerToAgent(decoding: answer.body)
            unread.withLock { $0.append(reply) }
        }
    }

    /// The first message not asked for yet that is meant; a WebSocket waits for it.
    ///
    /// - Throws: `Over` when it did not come.
    @discardableResult
    func hear(where isMeant: (ServerToAgent) -> Bool = { _ in true }) async throws -> ServerToAgent {
        let known = unread.withLock { unread in unread.firstIndex(where: isMeant).map { unread.remove(at: $0) } }
        if let known { return known }
        guard transport == .webSocket else { throw Over() }
        while let message = try await client.message() {
            if isMeant(message) { return message }
            unread.withLock { $0.append(message) }
        }
        throw Over()
    }

    /// A full report and the reply to it.
    @discardableResult
    func report(
        standing: (epoch: Epoch, handover: HandoverID?)? = nil,
        _ change: (inout AgentToServer) throws -> Void = { _ in }
    ) async throws -> ServerToAgent {
        try await send { message in
            message.agentDescription = AgentDescription(
                identifyingAttributes: [KeyValue(key: "service.name", value: .string("probe"))])
            message.health = ComponentHealth(healthy: true)
            message.customCapabilities = .ours
            if let standing {
                let json = JSON.members([
                    "epoch": .integer(Int64(standing.epoch)), "jti": standing.handover.map { .string($0.description) },
                ])
                message.customMessage = CustomMessage(
                    capability: MoveMessage.capability, type: "standing", data: Array(json.description.utf8))
            }
            try change(&message)
        }
        return try await hear { $0.capabilities != [] || $0.errorResponse != nil }
    }

    /// What became of an offer, and the reply.
    @discardableResult
    func report(_ status: ConnectionSettingsStatuses, of hash: [UInt8], _ text: String = "") async throws
        -> ServerToAgent
    {
        try await send {
            $0.connectionSettingsStatus = ConnectionSettingsStatus(
                lastConnectionSettingsHash: hash, status: status, errorMessage: text)
        }
        return try await hear { $0.connectionSettings == nil }
    }

    /// A heartbeat and the reply.
    @discardableResult
    func beat() async throws -> ServerToAgent {
        try await send()
        return try await hear { transport == .polling || $0.connectionSettings == nil }
    }

    /// The next connection settings that the server offers; over HTTP it is polled for them.
    func offer() async throws -> ConnectionSettingsOffers {
        if transport == .polling {
            while !(unread.withLock { $0.contains { $0.connectionSettings != nil } }) {
                try await send()
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        return try #require(try await hear { $0.connectionSettings != nil }.connectionSettings)
    }

    /// Takes leave as OpAMP asks.
    func leave() async throws {
        try await send { $0.agentDisconnect = true }
        if transport == .webSocket { while let frame = await client.frame(), frame.closeCode == nil {} }
        await client.close()
    }

    /// The code and reason with which the server closes the WebSocket.
    func closing() async -> (code: Int, reason: String)? {
        while let frame = await client.frame() {
            if let code = frame.closeCode { return (code, frame.closeReason) }
        }
        return nil
    }

    /// Breaks the connection without a word.
    func cut() async { await client.close() }
}
