import TestValues
import Testing
import Vocabulary

@testable import ServerCore

@Suite struct CopyWatchTests {
    private let agent = AgentID(repeating: 0x31)
    private let start = PeerWorld.shared.now

    private func sighting(
        _ session: UInt64, from address: String = "10.0.0.1", _ sequence: UInt64, epoch: Epoch? = nil,
        over transport: AgentTransport = .webSocket, isGoodbye: Bool = false
    ) -> CopyWatch.Sighting {
        CopyWatch.Sighting(
            session: session, transport: transport, address: address, sequence: sequence, epoch: epoch,
            isGoodbye: isGoodbye)
    }

    /// What is found in messages that come a second apart.
    private func findings(_ sightings: [CopyWatch.Sighting], apart: Duration = .seconds(1)) -> [CopyWatch.Finding?] {
        var watch = CopyWatch()
        return sightings.enumerated().map { number, sighting in
            watch.saw(sighting, of: agent, at: start + apart * number)
        }
    }

    @Test func `two hosts that throw each other out are found at the third time in ten minutes`() {
        let turns = (1...4).map { sighting(UInt64($0), from: "10.0.0.\($0 % 2)", UInt64($0)) }
        #expect(findings(turns) == [nil, nil, nil, .replacements])
        #expect(findings(turns, apart: .seconds(299)) == [nil, nil, nil, .replacements])
        #expect(findings(turns, apart: .seconds(300)) == [nil, nil, nil, nil])
    }

    @Test func `two hosts that poll seldom are found as well`() {
        for apart in [Duration.seconds(1), .seconds(140), .seconds(3600)] {
            let turns = (1...4).map { sighting(1, from: "10.0.0.\($0 % 2)", UInt64($0), over: .polling) }
            #expect(findings(turns, apart: apart) == [nil, nil, nil, .replacements])
        }
    }

    @Test func `two hosts behind one address are found by their numbers`() {
        #expect(
            findings([5, 9, 6, 10, 7, 11, 8].enumerated().map { sighting(UInt64($0), $1) }).contains(.replacements))
        let polls = [5, 90, 6, 91, 7, 92, 8].map { sighting(1, $0, over: .polling) }
        #expect(findings(polls).last == .replacements)
    }

    @Test func `an agent that goes on after a broken connection is no copy`() {
        let again = (1...20).map { sighting(UInt64($0), UInt64(3 * $0)) }
        #expect(findings(again).allSatisfy { $0 == nil })
        let silent = (1...20).map { sighting(1, UInt64(5 * $0), over: .polling) }
        #expect(findings(silent).allSatisfy { $0 == nil }, "polls that were lost leave gaps")
        #expect(findings((1...9).map { _ in sighting(1, 0, over: .polling) }).allSatisfy { $0 == nil })
    }

    @Test func `an agent that takes its leave, or whose end was seen, leaves its place to anybody`() {
        let polite = (1...9).map { sighting(UInt64($0), from: "10.0.0.\($0)", 1, isGoodbye: true) }
        #expect(findings(polite).allSatisfy { $0 == nil })
        var watch = CopyWatch()
        for session in UInt64(1)...9 {
            #expect(watch.saw(sighting(session, from: "10.0.0.\(session)", 1), of: agent, at: start) == nil)
            watch.ended(session, of: agent, at: start)
        }
    }

    @Test func `an older state beside a living session is found at once`() {
        #expect(findings([sighting(1, 7, epoch: 4), sighting(2, 3, epoch: 3)]) == [nil, .olderState])
        #expect(findings([sighting(1, 7, epoch: 4), sighting(2, 3, epoch: 5)]) == [nil, nil])
    }
}
