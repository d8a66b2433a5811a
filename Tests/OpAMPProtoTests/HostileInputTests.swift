import OpAMPProto
import Testing
import WireSamples

@Suite struct HostileInputTests {
    @Test(arguments: [100, 5000, 200_000])
    func `a nesting bomb is refused before it reaches the stack`(levels: Int) {
        // From the inside out, and backwards, since each header holds the length of all that follows.
        var backwards: [UInt8] = []
        for level in 0..<levels {
            backwards += header(level.isMultiple(of: 2) ? 1 : 5, backwards.count).reversed()
        }
        let bomb: [UInt8] = backwards.reversed()
        let message = field(3, field(1, field(2, bomb)))
        #expect(throws: WireFailure.tooDeep(limit: 64)) { try AgentToServer(decoding: message) }
    }

    @Test func `an allocation bomb is refused within its budget`() {
        let bomb = field(3, Array(repeatElement([0x0A, 0], count: 400_000).joined()))
        #expect(throws: WireFailure.tooManyFields(limit: 200_000)) { try AgentToServer(decoding: bomb) }
        let limits = WireLimits(fields: 1_000_000, allocatedBytes: 4 << 20)
        #expect(throws: WireFailure.tooMuchMemory(limit: 4 << 20)) { try AgentToServer(decoding: bomb, limits: limits) }
    }

    @Test func `a length near the largest number is not added to anything`() {
        for length: [UInt8] in [
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            [0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        ] {
            let bytes = [0x0A] + length + [1, 2, 3]
            #expect(throws: WireFailure.truncated(offset: 1 + length.count)) { try AgentToServer(decoding: bytes) }
        }
    }

    @Test func `a sample cut anywhere but between fields is refused as truncated`() throws {
        let bytes = try AgentToServer.full.encoded()
        let boundaries = try SampleWalk.boundaries(bytes)
        #expect(boundaries.count == 16)
        for end in bytes.indices {
            let cut = Array(bytes[..<end])
            guard !boundaries.contains(end) else {
                #expect(try AgentToServer(decoding: cut).encoded() == cut)
                continue
            }
            do {
                _ = try AgentToServer(decoding: cut)
                Issue.record("cut at \(end) was read")
            } catch .truncated {
            } catch {
                Issue.record("cut at \(end): \(error)")
            }
        }
    }

    @Test func `no single flipped bit breaks more than its message`() throws {
        // Every message of the schema once, so that the test ends in a reasonable time.
        var report = AgentToServer.full
        report.agentDescription?.nonIdentifyingAttributes = []
        report.availableComponents?.components = ["": ComponentDetails(subComponentMap: ["": ComponentDetails()])]
        var answer = ServerToAgent.full
        answer.connectionSettings?.ownTraces = nil
        answer.connectionSettings?.ownLogs = nil
        answer.connectionSettings?.ownMetrics = TelemetryConnectionSettings()
        answer.connectionSettings?.otherConnections = ["": OtherConnectionSettings(otherSettings: ["": ""])]
        let reportBytes = try report.encoded()
        let answerBytes = try answer.encoded()
        for bit in 0..<reportBytes.count * 8 {
            try expectStable(reportBytes, flipped: bit) { bytes throws(WireFailure) in
                try AgentToServer(decoding: bytes).encoded()
            }
        }
        for bit in 0..<answerBytes.count * 8 {
            try expectStable(answerBytes, flipped: bit) { bytes throws(WireFailure) in
                try ServerToAgent(decoding: bytes).encoded()
            }
        }
    }

    /// What can be read can be written, and then reads and writes the same.
    private func expectStable(
        _ bytes: [UInt8], flipped bit: Int, recoded: ([UInt8]) throws(WireFailure) -> [UInt8]
    ) throws {
        var flipped = bytes
        flipped[bit / 8] ^= 1 << (bit % 8)
        let once: [UInt8]
        do {
            once = try recoded(flipped)
        } catch {
            #expect(!isUndecodable(error), "bit \(bit)")
            return
        }
        #expect(try recoded(once) == once, "bit \(bit)")
    }

    private func isUndecodable(_ failure: WireFailure) -> Bool {
        if case .undecodable = failure { true } else { false }
    }

    @Test(
        arguments: [
            [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x61, 0x80],
        ] as [[UInt8]])
    func `text that is not UTF-8 is refused`(text: [UInt8]) {
        #expect(throws: WireFailure.invalidUTF8(field: "CustomMessage.type")) {
            try AgentToServer(decoding: field(13, field(2, text)))
        }
        #expect(throws: WireFailure.invalidUTF8(field: "ConfigMapEntry.key")) {
            try AgentToServer(decoding: field(6, field(1, field(1, field(1, text)))))
        }
    }

    @Test(arguments: [[0], [0x61, 0], [0, 0x61]] as [[UInt8]])
    func `text with a NUL is refused`(text: [UInt8]) {
        #expect(throws: WireFailure.textWithNUL(field: "Header.value")) {
            try ConnectionSettingsOffers(decoding: field(2, field(2, field(1, field(2, text)))))
        }
        #expect(throws: WireFailure.textWithNUL(field: "CustomCapabilities.capabilities")) {
            try ServerToAgent(decoding: field(10, field(1, text)))
        }
    }

    @Test func `groups are refused, known or not, opened or closed`() {
        #expect(throws: WireFailure.group(offset: 0)) { try AgentToServer(decoding: [0x0B, 0x0C]) }
        #expect(throws: WireFailure.group(offset: 0)) { try AgentToServer(decoding: [0xC3, 0x3E, 0xC4, 0x3E]) }
        #expect(throws: WireFailure.group(offset: 2)) { try AgentToServer(decoding: [0x10, 1, 0x0C]) }
    }

    @Test(arguments: [6, 7])
    func `wire types that do not exist are refused`(type: UInt8) {
        #expect(throws: WireFailure.badWireType(offset: 0)) { try AgentToServer(decoding: [0x08 | type, 0]) }
    }

    @Test func `field numbers outside protobuf's range are refused`() {
        let numbers: [[UInt8]] = [
            [0x00], [0x02], [0x80, 0x00], [0x80, 0x80, 0x80, 0x80, 0x10], [0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        ]
        for number in numbers {
            #expect(throws: WireFailure.badFieldNumber(offset: 0)) { try AgentToServer(decoding: number + [0, 0]) }
        }
        #expect(throws: Never.self) { try AgentToServer(decoding: [0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 0]) }
    }

    @Test func `a number of more than 64 bits is refused, a padded one is read`() throws {
        let nines = Array(repeating: UInt8(0x80), count: 9)
        #expect(try AgentToServer(decoding: [0x10] + nines + [1]).sequenceNumber == 1 << 63)
        #expect(try AgentToServer(decoding: [0x10, 0x85, 0x80, 0]).sequenceNumber == 5)
        #expect(throws: WireFailure.malformedVarint(offset: 1)) { try AgentToServer(decoding: [0x10] + nines + [2]) }
        #expect(throws: WireFailure.malformedVarint(offset: 1)) {
            try AgentToServer(decoding: [0x10] + nines + [0x81, 0])
        }
    }

    @Test func `a field of another type than the schema's is refused by name`() {
        let cases: [(bytes: [UInt8], field: String)] = [
            ([0x08, 1], "AgentToServer.instance_uid"),
            ([0x12, 0], "AgentToServer.sequence_num"),
            ([0x18, 1], "AgentToServer.agent_description"),
            ([0x2A, 2, 0x10, 1], "ComponentHealth.start_time_unix_nano"),
            ([0x2A, 9, 0x19, 0, 0, 0, 0, 0, 0, 0, 0], "ComponentHealth.last_error"),
            ([0x2A, 5, 0x15, 0, 0, 0, 0], "ComponentHealth.start_time_unix_nano"),
        ]
        for (bytes, field) in cases {
            #expect(throws: WireFailure.wrongWireType(field: field)) { try AgentToServer(decoding: bytes) }
        }
    }

    @Test func `a message that may stand once is refused when it stands twice`() throws {
        let health = field(5, [0x08, 1])
        #expect(throws: WireFailure.repeatedMessage(field: "AgentToServer.health")) {
            try AgentToServer(decoding: health + [0x10, 1] + health)
        }
        let value = field(2, field(1, Array("a".utf8)))
        #expect(throws: WireFailure.repeatedMessage(field: "KeyValue.value")) {
            try AgentToServer(decoding: field(3, field(1, value + value)))
        }
        #expect(throws: WireFailure.repeatedMessage(field: "AnyValue.array_value")) {
            try AgentToServer(decoding: field(3, field(1, field(2, field(5, []) + field(5, [])))))
        }
        // Each in a message of its own is no repetition.
        let twoAttributes = field(3, field(1, value) + field(1, value))
        #expect(try AgentToServer(decoding: twoAttributes).agentDescription?.identifyingAttributes.count == 2)
    }

    @Test func `the last of repeated scalars, oneof members and map keys stands`() throws {
        #expect(try AgentToServer(decoding: [0x10, 1, 0x10, 2]).sequenceNumber == 2)
        #expect(try AgentToServer(decoding: field(1, [1]) + field(1, [2, 3])).instanceUID == [2, 3])
        let value = field(1, Array("a".utf8)) + field(5, []) + [0x18, 7]
        let attribute = try AgentToServer(decoding: field(3, field(1, field(2, value))))
        #expect(attribute.agentDescription?.identifyingAttributes.first?.value == .int(7))
        let key = field(1, Array("k".utf8))
        let twice = field(
            6, field(1, field(1, key + field(2, field(1, [1]))) + field(1, key + field(2, field(1, [2])))))
        #expect(try AgentToServer(decoding: twice).effectiveConfig?.configMap?.configMap["k"]?.body == [2])
    }

    @Test func `bytes made by chance never break anything`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            do throws(WireFailure) {
                let message = try ServerToAgent(decoding: bytes)
                #expect(throws: Never.self, "\(bytes)") { try message.encoded() }
            } catch {
                #expect(!isUndecodable(error), "\(bytes)")
            }
        }
    }
}
