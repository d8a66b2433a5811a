import OpAMPProto
import Testing

@Suite struct FrameHeaderTests {
    @Test func `a framed message is a zero and the message`() throws {
        #expect(FrameHeader.framed([1, 2]) == [0, 1, 2])
        #expect(try FrameHeader.unframed([0, 1, 2]) == [1, 2])
        #expect(try FrameHeader.unframed([0, 0, 2]) == [0, 2])
        #expect(try FrameHeader.unframed([0]).isEmpty)
    }

    @Test(arguments: 1...9)
    func `a zero padded up to ten bytes is a zero`(padding: Int) throws {
        let header = Array(repeating: UInt8(0x80), count: padding) + [0]
        #expect(try FrameHeader.unframed(header + [7]) == [7])
    }

    @Test func `a header that is not zero is refused with its value`() {
        #expect(throws: WireFailure.frameHeaderNotZero(10)) { try FrameHeader.unframed([0x0A, 0]) }
        #expect(throws: WireFailure.frameHeaderNotZero(300)) { try FrameHeader.unframed([0xAC, 2, 0]) }
        let largest = Array(repeating: UInt8(0xFF), count: 9) + [1]
        #expect(throws: WireFailure.frameHeaderNotZero(.max)) { try FrameHeader.unframed(largest) }
    }

    @Test func `a header without an end is refused`() {
        let eleven = Array(repeating: UInt8(0x80), count: 10) + [0]
        for frame in [[0x80], [0x80, 0x80], eleven] as [[UInt8]] {
            #expect(throws: WireFailure.frameHeaderMalformed) { try FrameHeader.unframed(frame) }
        }
        #expect(throws: WireFailure.frameEmpty) { try FrameHeader.unframed([]) }
    }

    @Test func `a message without a header is read when that is tolerated`() throws {
        let message = try AgentToServer(sequenceNumber: 5).encoded()
        #expect(try FrameHeader.unframed(message, tolerance: .headerless)[...] == message[...])
        #expect(try FrameHeader.unframed([0] + message, tolerance: .headerless) == message[...])
        #expect(try FrameHeader.unframed([], tolerance: .headerless).isEmpty)
        #expect(throws: WireFailure.frameHeaderNotZero(16)) { try FrameHeader.unframed(message) }
    }

    @Test func `an unframed message is decoded in its place`() throws {
        let answer = ServerToAgent(instanceUID: [1, 2, 3], flags: .reportFullState)
        let frame = FrameHeader.framed(try answer.encoded())
        #expect(try ServerToAgent(decoding: FrameHeader.unframed(frame)) == answer)
    }
}
