import Testing
import Vocabulary
import WireSamples

@testable import OpAMPProto

@Suite struct RoundTripTests {
    @Test func `the full samples come back as they were sent`() throws {
        #expect(try AgentToServer(decoding: AgentToServer.full.encoded()) == .full)
        #expect(try ServerToAgent(decoding: ServerToAgent.full.encoded()) == .full)
        #expect(try ConnectionSettingsOffers(decoding: ConnectionSettingsOffers.full.encoded()) == .full)
    }

    @Test(arguments: 1...200)
    func `messages made by chance come back as they were sent`(seed: UInt64) throws {
        var maker = MessageMaker(seed: seed)
        let report = maker.agentToServer()
        #expect(try AgentToServer(decoding: report.encoded()) == report)
        let answer = maker.serverToAgent()
        #expect(try ServerToAgent(decoding: answer.encoded()) == answer)
        let offers = maker.connectionSettingsOffers()
        #expect(try ConnectionSettingsOffers(decoding: offers.encoded()) == offers)
    }

    @Test func `the full samples set every field of every message`() throws {
        let fields = try allFields()
        var total = 0
        for (place, shape) in SchemaShapes.all.shapes.enumerated() {
            for number in shape.fields.indices where shape.fields[number] != nil {
                #expect(fields.contains { $0.shape == place && $0.number == number }, "\(shape.path(number))")
                total += 1
            }
        }
        // As protoc counts them in the .proto files, entries of maps included.
        #expect(total == 150)
    }

    @Test func `every text, byte string and number of the full samples stands in the field it names`() throws {
        for field in try allFields() {
            let shape = SchemaShapes.all.shapes[field.shape]
            let content = field.content
            switch shape.fields[field.number]?.kind {
            case .text, .bytes:
                #expect(String(decoding: content, as: UTF8.self) == shape.fieldNames[field.number])
            case .varint:
                // Flags and enumerations say 1, 2 or 6; the rest say their number.
                #expect(content == [UInt8(field.number)] || content == [1] || content == [2])
            case .fixed64:
                let bits = content.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                #expect(bits == UInt64(field.number) || Double(bitPattern: bits) == Double(field.number))
            case .fixed32, .message, nil: break
            }
        }
    }

    @Test func `every field of every message survives alone`() throws {
        let fields = Dictionary(grouping: try allFields(), by: \.shape)
        var checked: Set<Int> = []
        for type in everyMessage {
            let place = SchemaShapes.all.place(of: type)
            checked.insert(place)
            for field in fields[place] ?? [] {
                #expect(try recoded(type, field.alone) == field.alone, "\(type)")
            }
        }
        #expect(checked.count == SchemaShapes.all.shapes.count)
    }

    @Test func `a flag set alone is not its neighbour`() throws {
        let pool = TLSConnectionSettings(includeSystemCACertsPool: true)
        let skip = TLSConnectionSettings(insecureSkipVerify: true)
        func bytes(_ tls: TLSConnectionSettings) throws -> [UInt8] {
            try ConnectionSettingsOffers(opamp: OpAMPConnectionSettings(tls: tls)).encoded()
        }
        #expect(try bytes(pool) == [0x12, 4, 0x2A, 2, 0x10, 1])
        #expect(try bytes(skip) == [0x12, 4, 0x2A, 2, 0x18, 1])
    }

    @Test func `absent and empty parts are told apart`() throws {
        let cases: [AgentToServer] = [
            AgentToServer(), AgentToServer(agentDisconnect: true), AgentToServer(health: ComponentHealth()),
            AgentToServer(effectiveConfig: EffectiveConfig()),
            AgentToServer(effectiveConfig: EffectiveConfig(configMap: AgentConfigMap())),
            AgentToServer(
                effectiveConfig: EffectiveConfig(configMap: AgentConfigMap(configMap: ["": AgentConfigFile()]))),
        ]
        for message in cases {
            #expect(try AgentToServer(decoding: message.encoded()) == message)
        }
        #expect(Set(try cases.map { try $0.encoded() }).count == cases.count)
        let command = ServerToAgent(command: ServerToAgentCommand(type: .restart))
        #expect(try ServerToAgent(decoding: command.encoded()).command?.type == .restart)
        let headers = ConnectionSettingsOffers(opamp: OpAMPConnectionSettings(headers: Headers()))
        #expect(try ConnectionSettingsOffers(decoding: headers.encoded()).opamp?.headers == Headers())
    }

    @Test func `a map entry without a value has the empty one`() throws {
        let bytes = field(6, field(1, field(1, field(1, Array("a".utf8)))))
        #expect(
            try AgentToServer(decoding: bytes).effectiveConfig?.configMap?.configMap == ["a": AgentConfigFile()])
    }

    @Test(arguments: [Int32(5), 77, -1, .max, .min])
    func `numbers nobody has named are kept`(number: Int32) throws {
        let message = AgentToServer(remoteConfigStatus: RemoteConfigStatus(status: .unrecognized(number)))
        #expect(try AgentToServer(decoding: message.encoded()) == message)
        #expect(RemoteConfigStatuses(rawValue: number) == .unrecognized(number))
    }

    @Test func `named numbers never come back as unrecognized`() throws {
        let message = AgentToServer(remoteConfigStatus: RemoteConfigStatus(status: .unrecognized(3)))
        #expect(try AgentToServer(decoding: message.encoded()).remoteConfigStatus?.status == .failed)
        for (number, status) in PackageStatusEnum.named.enumerated() {
            #expect(status.rawValue == Int32(number))
        }
    }

    @Test func `unknown capability bits and unknown fields do no harm`() throws {
        let bits = AgentToServer(capabilities: AgentCapabilities(rawValue: .max), flags: .requestInstanceUID)
        #expect(try AgentToServer(decoding: bits.encoded()) == bits)
        let unknown: [UInt8] = [
            0xC0, 0x3E, 5, 0xCA, 0x3E, 1, 0xFF, 0xC5, 0x3E, 1, 2, 3, 4, 0xC1, 0x3E, 1, 2, 3, 4, 5, 6, 7, 8,
        ]
        #expect(try AgentToServer(decoding: unknown + bits.encoded() + unknown) == bits)
    }

    // Parts

    private func allFields() throws -> [SampleWalk.Field] {
        let agent = unsafe SchemaShapes.all.place(of: AgentToServer.self)
        let server = unsafe SchemaShapes.all.place(of: ServerToAgent.self)
        return try SampleWalk(AgentToServer.full.encoded(), as: agent).fields
            + SampleWalk(ServerToAgent.full.encoded(), as: server).fields
    }

    private func recoded<Message: WireMessage>(_ type: Message.Type, _ bytes: [UInt8]) throws -> [UInt8] {
        try Message.decode(bytes[...], .standard).encode(.standard)
    }

    private let everyMessage: [any WireMessage.Type] = unsafe [
        AgentToServer.self, AgentDisconnect.self, ConnectionSettingsRequest.self,
        OpAMPConnectionSettingsRequest.self, CertificateRequest.self, AgentDescription.self, KeyValue.self,
        AnyValue.self, ArrayValue.self, KeyValueList.self, ComponentHealth.self,
        ComponentHealth.ComponentHealthMapEntry.self, EffectiveConfig.self, AgentConfigMap.self,
        AgentConfigMap.ConfigMapEntry.self, AgentConfigFile.self, RemoteConfigStatus.self,
        PackageStatuses.self, PackageStatuses.PackagesEntry.self, PackageStatus.self, PackageDownloadDetails.self,
        CustomCapabilities.self, CustomMessage.self, AvailableComponents.self,
        AvailableComponents.ComponentsEntry.self, ComponentDetails.self, ComponentDetails.SubComponentMapEntry.self,
        ConnectionSettingsStatus.self, ServerToAgent.self, ServerErrorResponse.self, RetryInfo.self,
        AgentRemoteConfig.self, ConnectionSettingsOffers.self, ConnectionSettingsOffers.OtherConnectionsEntry.self,
        OpAMPConnectionSettings.self, TelemetryConnectionSettings.self, OtherConnectionSettings.self,
        OtherConnectionSettings.OtherSettingsEntry.self, Headers.self, Header.self, TLSCertificate.self,
        TLSConnectionSettings.self, ProxyConnectionSettings.self, PackagesAvailable.self,
        PackagesAvailable.PackagesEntry.self, PackageAvailable.self, DownloadableFile.self,
        AgentIdentification.self, ServerToAgentCommand.self,
    ]
}
