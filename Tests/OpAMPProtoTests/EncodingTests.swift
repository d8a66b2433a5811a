import OpAMPProto
import Testing
import Vocabulary

@Suite struct EncodingTests {
    @Test func `a heartbeat has the bytes the specification gives it`() throws {
        let uid = [UInt8](0...15)
        let heartbeat = AgentToServer(
            instanceUID: uid, sequenceNumber: 300,
            capabilities: [
                .reportsStatus, .acceptsOpAMPConnectionSettings, .reportsHealth, .reportsHeartbeat,
                .reportsConnectionSettingsStatus,
            ])
        #expect(
            Hex.encode(try heartbeat.encoded()) == "0a10" + "000102030405060708090a0b0c0d0e0f" + "10ac02" + "2081d202")
    }

    @Test func `an offer has the bytes the specification gives it`() throws {
        let offer = ConnectionSettingsOffers(
            hash: [0xAB],
            opamp: OpAMPConnectionSettings(
                destinationEndpoint: "wss://b", headers: Headers(headers: [Header(key: "k", value: "v")]),
                certificate: TLSCertificate(cert: [1, 2]), heartbeatIntervalSeconds: 30,
                tls: TLSConnectionSettings(caPEMContents: "P")))
        #expect(
            Hex.encode(try offer.encoded())
                == "0a01ab" + "1220" + "0a077773733a2f2f62" + "12080a060a016b120176" + "1a040a020102" + "201e"
                + "2a030a0150")
    }

    @Test func `the verdict on an offer has the bytes the specification gives it`() throws {
        let report = AgentToServer(
            agentDisconnect: true,
            connectionSettingsStatus: ConnectionSettingsStatus(
                lastConnectionSettingsHash: [0xAB], status: .failed, errorMessage: "tcp"))
        #expect(Hex.encode(try report.encoded()) == "4a00" + "7a0a0a01ab10031a03746370")
    }

    @Test func `an empty message has no bytes`() throws {
        #expect(try ServerToAgent().encoded().isEmpty)
        #expect(try ServerToAgent(decoding: []) == ServerToAgent())
    }

    @Test func `maps are written in the order of their keys' bytes, whatever the order they were filled in`() throws {
        // UTF-16 and UTF-8 disagree about the last two; NFC would change the second.
        let ordered = ["", "Z", "a", "e\u{301}", "z", "\u{FF5E}", "\u{1F6F0}"]
        var reference: [UInt8]?
        for rotation in ordered.indices {
            var settings: [String: String] = [:]
            for index in ordered.indices { settings[ordered[(index + rotation) % ordered.count]] = "v" }
            let bytes = try ConnectionSettingsOffers(
                otherConnections: ["": OtherConnectionSettings(otherSettings: settings)]
            ).encoded()
            if let reference { #expect(bytes == reference) }
            reference = bytes
        }
        let bytes = try #require(reference)
        var position = bytes.startIndex
        for key in ordered.dropFirst() {
            let entry = [0x0A, UInt8(key.utf8.count)] + Array(key.utf8) + [0x12, 1, 0x76]
            let found = try #require(bytes[position...].firstRange(of: entry))
            position = found.upperBound
        }
    }

    @Test func `text with a NUL is not sent`() {
        let texts: [AgentToServer] = [
            AgentToServer(customMessage: CustomMessage(capability: "a\0b")),
            AgentToServer(customCapabilities: CustomCapabilities(capabilities: ["\0"])),
            AgentToServer(
                effectiveConfig: EffectiveConfig(configMap: AgentConfigMap(configMap: ["\0": AgentConfigFile()]))),
            AgentToServer(agentDescription: AgentDescription(identifyingAttributes: [KeyValue(value: .string("\0"))])),
        ]
        let places = ["CustomMessage", "CustomCapabilities", "ConfigMapEntry", "AnyValue"]
        for (message, place) in zip(texts, places) {
            #expect(throws: WireFailure.textWithNUL(field: place)) { try message.encoded() }
        }
    }
}
