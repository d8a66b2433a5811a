import OpAMPProto
import Testing
import WireSamples

@Suite struct LimitTests {
    @Test func `a message may have as many bytes as the limit and not one more`() throws {
        let message = AgentToServer.full
        let bytes = try message.encoded()
        let enough = WireLimits(messageBytes: bytes.count)
        let short = WireLimits(messageBytes: bytes.count - 1)
        let failure = WireFailure.messageTooLarge(bytes: bytes.count, limit: bytes.count - 1)
        #expect(try message.encoded(limits: enough) == bytes)
        #expect(try AgentToServer(decoding: bytes, limits: enough) == message)
        #expect(throws: failure) { try message.encoded(limits: short) }
        #expect(throws: failure) { try AgentToServer(decoding: bytes, limits: short) }
    }

    /// The outermost message, the description, the attribute and the innermost value are four levels.
    private func nested(_ arrays: Int) -> AgentToServer {
        let value = (0..<arrays).reduce(AnyValue.absent) { inner, _ in .array([inner]) }
        return AgentToServer(agentDescription: AgentDescription(identifyingAttributes: [KeyValue(value: value)]))
    }

    @Test func `messages may be nested as deep as the limit and not one deeper`() throws {
        let message = nested(3)
        let bytes = try message.encoded()
        let depth = 4 + 2 * 3
        #expect(try message.encoded(limits: WireLimits(depth: depth)) == bytes)
        #expect(try AgentToServer(decoding: bytes, limits: WireLimits(depth: depth)) == message)
        let failure = WireFailure.tooDeep(limit: depth - 1)
        #expect(throws: failure) { try message.encoded(limits: WireLimits(depth: depth - 1)) }
        #expect(throws: failure) { try AgentToServer(decoding: bytes, limits: WireLimits(depth: depth - 1)) }
    }

    @Test func `the standard depth is what both directions keep to`() throws {
        #expect(try AgentToServer(decoding: nested(30).encoded()) == nested(30))
        #expect(throws: WireFailure.tooDeep(limit: 64)) { try nested(31).encoded() }
    }

    @Test func `a message may have as many fields as the limit and not one more`() throws {
        let message = AgentToServer(customCapabilities: CustomCapabilities(capabilities: ["", "", ""]))
        let bytes = try message.encoded()
        let failure = WireFailure.tooManyFields(limit: 3)
        #expect(try message.encoded(limits: WireLimits(fields: 4)) == bytes)
        #expect(try AgentToServer(decoding: bytes, limits: WireLimits(fields: 4)) == message)
        #expect(throws: failure) { try message.encoded(limits: WireLimits(fields: 3)) }
        #expect(throws: failure) { try AgentToServer(decoding: bytes, limits: WireLimits(fields: 3)) }
    }

    @Test func `memory is limited on the way in and on the way out`() throws {
        let message = AgentToServer(
            effectiveConfig: EffectiveConfig(
                configMap: AgentConfigMap(
                    configMap: ["": AgentConfigFile(body: Array(repeating: 7, count: 10_000))])))
        let bytes = try message.encoded()
        let failure = WireFailure.tooMuchMemory(limit: 10_000)
        #expect(throws: failure) { try message.encoded(limits: WireLimits(allocatedBytes: 10_000)) }
        #expect(throws: failure) { try AgentToServer(decoding: bytes, limits: WireLimits(allocatedBytes: 10_000)) }
        let enough = WireLimits(allocatedBytes: 12_000)
        #expect(try message.encoded(limits: enough) == bytes)
        #expect(try AgentToServer(decoding: bytes, limits: enough) == message)
    }

    @Test func `running out of memory at any point is a refusal`() throws {
        let message = try AgentToServer.full.encoded()
        var refused = 0
        while true {
            let limit = refused * 16
            do {
                #expect(try AgentToServer(decoding: message, limits: WireLimits(allocatedBytes: limit)) == .full)
                break
            } catch {
                #expect(error == .tooMuchMemory(limit: limit))
                refused += 1
            }
        }
        #expect(refused > 100)
    }

    @Test func `the largest message of the standard limits is one that can be read`() throws {
        let body = Array(repeating: UInt8(1), count: (10 << 20) - 32)
        let message = AgentToServer(
            effectiveConfig: EffectiveConfig(
                configMap: AgentConfigMap(
                    configMap: ["": AgentConfigFile(body: body)])))
        #expect(try AgentToServer(decoding: message.encoded()) == message)
    }

    @Test func `as many parts as the fields' limit allows stay within the standard memory`() throws {
        let entry: [UInt8] = [0x0A, 2, 0x12, 0]
        let packages = Array(repeatElement(entry, count: 99_999).joined())
        #expect(try AgentToServer(decoding: field(8, packages)).packageStatuses?.packages.count == 1)
        #expect(throws: WireFailure.tooManyFields(limit: 200_000)) {
            try AgentToServer(decoding: field(8, packages + entry))
        }
    }
}
