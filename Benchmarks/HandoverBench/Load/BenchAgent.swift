import BareClient
import Certificates
import OpAMPProto
import Vocabulary

/// Somebody who connects: a leaf with its key, and a name. It has no state of its own, so it can come again and again.
struct BenchAgent: Sendable {
    let identity: BareIdentity
    let uid: InstanceUID
    let name: String

    static func freshUID() -> InstanceUID { InstanceUID(version7At: .present, random: RandomBytes.generate(10)) }
}

/// What one agent says on one connection, as OpAMP bytes.
struct AgentVoice {
    let uid: InstanceUID
    let name: String
    let transport: BareConnection.Transport
    private var sequence: UInt64 = 0

    init(uid: InstanceUID, name: String, over transport: BareConnection.Transport) {
        (self.uid, self.name, self.transport) = (uid, name, transport)
    }

    /// About 300 bytes, as a small agent's.
    mutating func firstReport(asking request: SigningRequest? = nil) throws -> [UInt8] {
        var message = next()
        message.agentDescription = description([:])
        message.health = ComponentHealth(healthy: true, status: "running")
        message.customCapabilities = CustomCapabilities(capabilities: [MoveMessage.capability])
        if let request {
            message.connectionSettingsRequest = ConnectionSettingsRequest(
                opamp: OpAMPConnectionSettingsRequest(
                    certificateRequest: CertificateRequest(csr: Array(request.pem.utf8))))
        }
        return try framed(message)
    }

    mutating func heartbeat() throws -> [UInt8] { try framed(next()) }

    /// A description that is another each time.
    mutating func newDescription() throws -> [UInt8] {
        var message = next()
        message.agentDescription = description(["bench.number": String(sequence)])
        return try framed(message)
    }

    /// As much as a server has to take, and another each time: 63 KiB of description, 1,000 KiB of configuration.
    mutating func largestReport() throws -> [UInt8] {
        var message = next()
        let filling = (0..<63).map { ("bench.filling.\($0)", String(repeating: "x", count: 990)) }
        let number = String(sequence)
        message.agentDescription = description(["bench.number": number].merging(filling) { first, _ in first })
        message.capabilities.insert(.reportsEffectiveConfig)
        let body = Array(number.utf8) + [UInt8](repeating: UInt8(ascii: "#"), count: 1_000 * 1_024)
        message.effectiveConfig = EffectiveConfig(
            configMap: AgentConfigMap(configMap: ["base": AgentConfigFile(body: body, contentType: "text/yaml")]))
        return try framed(message)
    }

    private func description(_ others: [String: String]) -> AgentDescription {
        AgentDescription(
            identifyingAttributes: ["service.name": name, "service.instance.id": uid.description].attributes,
            nonIdentifyingAttributes: ["os.type": "linux", "host.name": "\(name).bench.test"]
                .merging(others) { first, _ in first }.attributes)
    }

    private mutating func next() -> AgentToServer {
        sequence += 1
        return AgentToServer(
            instanceUID: uid.bytes, sequenceNumber: sequence,
            capabilities: [
                .reportsStatus, .acceptsOpAMPConnectionSettings, .reportsHealth, .reportsHeartbeat,
                .reportsConnectionSettingsStatus,
            ])
    }

    private func framed(_ message: AgentToServer) throws -> [UInt8] {
        let bytes = try message.encoded()
        return transport == .webSocket ? FrameHeader.framed(bytes) : bytes
    }
}

extension [String: String] {
    fileprivate var attributes: [KeyValue] {
        sorted { $0.key < $1.key }.map { KeyValue(key: $0.key, value: .string($0.value)) }
    }
}
