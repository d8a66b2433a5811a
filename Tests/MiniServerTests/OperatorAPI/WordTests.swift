import ServerAPI
import ServerCore
import TestValues
import Testing
import Vocabulary

@testable import MiniServer

@Suite struct WordTests {
    @Test func `the phases of both machines are the phases of the interface`() {
        let phases = Set(SourceHandover.Phase.allCases.map(\.rawValue) + TargetHandover.Phase.allCases.map(\.rawValue))
        #expect(phases == Set(HandoverPhase.allCases.map(\.rawValue)))
    }

    @Test func `presences and choices have the words by which they are stored`() throws {
        let peer = PeerID(repeating: 1)
        let presences: [Presence] = [.live, .stale, .offline, .arriving, .movedToPeer(peer, name: "us"), .withdrawn]
        #expect(presences.map { AgentPresence($0).rawValue } == presences.map(\.code))
        #expect(Set(presences.map { AgentPresence($0) }) == Set(AgentPresence.allCases))
        #expect(CertificateChoice.allCases.map { OfferedCertificate($0).rawValue } == ["repeat", "omit"])
    }
}
