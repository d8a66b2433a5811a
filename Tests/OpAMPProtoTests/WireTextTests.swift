import Testing
import Vocabulary
import WireSamples

@testable import OpAMPProto

/// In the full samples every text and byte string says the name of its field.
@Suite struct WireTextTests {
    @Test(arguments: MessageDirection.allCases)
    func `every field stands under its name`(direction: MessageDirection) throws {
        let bytes = try full(direction)
        let text = WireText(bytes[...], as: direction, showingSecrets: true)
        #expect(text.failure == nil && text.strangeFields == 0)
        var strings = 0
        check(text.json, named: "") { name, value in
            strings += 1
            let said = [name, Hex.encode(Array(name.utf8)), "value", "key"]
            // Identifiers of 16 bytes, doubles, and enumerations.
            let isOther =
                name.hasSuffix("instance_uid") || Double(value) != nil || value.hasPrefix("#")
                || value.allSatisfy(\.isLetter)
            #expect(said.contains(value) || isOther, "\(direction): \(name) says \(value)")
        }
        #expect(strings > 20)
    }

    @Test func `bits, enumerations and instance_uids have their names`() throws {
        let uid = try #require(InstanceUID("0198c0de-0000-7000-8000-000000000001"))
        let report = AgentToServer(
            instanceUID: uid.bytes, capabilities: [.reportsStatus, .reportsHealth, .init(rawValue: 1 << 40)],
            connectionSettingsStatus: ConnectionSettingsStatus(status: .failed, errorMessage: "no"))
        let json = WireText(try report.encoded()[...], as: .agentToServer).json
        #expect(json["instance_uid"]?.string == "\(uid)")
        #expect(
            json["capabilities"]?.array?.compactMap(\.string) == ["ReportsStatus", "ReportsHealth", "#0x10000000000"])
        #expect(json["connection_settings_status"]?["status"]?.string == "FAILED")
    }

    @Test func `maps are objects, and texts are readable`() throws {
        let report = AgentToServer(
            effectiveConfig: EffectiveConfig(
                configMap: AgentConfigMap(configMap: [
                    "": AgentConfigFile(body: Array("a: 1\n".utf8)), "other": AgentConfigFile(body: [0, 255]),
                ])))
        let map = WireText(try report.encoded()[...], as: .agentToServer).json["effective_config"]?["config_map"]?[
            "config_map"]
        #expect(map?[""]?["body"]?.string == "a: 1\n")
        #expect(map?["other"]?["body"]?.string == "00ff")
    }

    @Test func `header values, private keys and settings of other connections are masked`() throws {
        let bytes = try ServerToAgent.full.encoded()
        let text = WireText(bytes[...], as: .serverToAgent)
        #expect(text.hasSecrets)
        var masked: Set<String> = []
        check(text.json, named: "") { name, value in if value == SecretText.mask { masked.insert(name) } }
        #expect(masked == ["value", "private_key", "key"])
        #expect(text.json.description.contains("destination_endpoint"))
    }

    @Test func `a message without secrets has none`() throws {
        #expect(!WireText(try AgentToServer(instanceUID: [1, 2]).encoded()[...], as: .agentToServer).hasSecrets)
    }

    @Test func `what the specification does not know is shown`() {
        // Field 60 with a text, field 61 with a number, and field 2, sequence_num, as a text.
        let bytes: [UInt8] = [0xE2, 0x03, 2, 0x68, 0x69, 0xE8, 0x03, 7, 0x12, 1, 0x61]
        let text = WireText(bytes[...], as: .agentToServer)
        #expect(text.json == .members(["#60": .string("hi"), "#61": .integer(7), "#2": .string("a")]))
        #expect(text.strangeFields == 3)
        #expect(text.failure == .wrongWireType(field: "AgentToServer.sequence_num"))
    }

    @Test func `what is cut off is shown up to there`() throws {
        let report = AgentToServer(
            sequenceNumber: 7,
            remoteConfigStatus: RemoteConfigStatus(lastRemoteConfigHash: [1], status: .applied, errorMessage: "said"))
        let bytes = try report.encoded()
        let text = WireText(bytes.dropLast(2), as: .agentToServer)
        #expect(text.json["sequence_num"]?.integer == 7)
        #expect(text.failure != nil)
    }

    @Test func `a message that stands twice is shown twice`() {
        let bytes: [UInt8] = [0x2A, 2, 0x08, 1, 0x2A, 2, 0x08, 0]
        let text = WireText(bytes[...], as: .agentToServer)
        #expect(text.json["health"]?.array?.count == 2)
        #expect(text.failure == .repeatedMessage(field: "AgentToServer.health"))
    }

    @Test(arguments: MessageDirection.allCases)
    func `the likelier direction is the right one`(direction: MessageDirection) throws {
        #expect(WireText.likelyDirection(of: try full(direction)[...]) == direction)
    }

    @Test(arguments: 1...100)
    func `no bytes end the reader`(seed: UInt64) throws {
        var maker = MessageMaker(seed: seed)
        var bytes = try maker.agentToServer().encoded()
        for index in bytes.indices where (UInt64(index) &* 31 &+ seed).isMultiple(of: 7) {
            bytes[index] ^= UInt8(truncatingIfNeeded: seed)
        }
        for direction in MessageDirection.allCases {
            let text = WireText(bytes[...], as: direction)
            _ = try JSON(reading: text.json.utf8, sizeLimit: .max, depthLimit: 256)
        }
    }

    private func full(_ direction: MessageDirection) throws -> [UInt8] {
        switch direction {
        case .agentToServer: try AgentToServer.full.encoded()
        case .serverToAgent: try ServerToAgent.full.encoded()
        }
    }

    /// Every text with the name of its field.
    private func check(_ json: JSON, named name: String, _ look: (String, String) -> Void) {
        for member in json.members ?? [] { check(member.value, named: member.name, look) }
        for value in json.array ?? [] { check(value, named: name, look) }
        if let text = json.string { look(name, text) }
    }
}
