import Certificates
import HandoverToken
import ServerCore
import TestValues
import Testing
import Vocabulary

@Suite struct OperatorTextTests {
    private static let leaf = PeerWorld.shared.leaf.fingerprint
    private static let row = PeerWorld.shared.row

    static let handover: [HandoverRefusal] = [
        .agentLacksCapability, .agentHasNoLeaf, .leafNotValid([.untrusted]),
        .agentElsewhere(presence: "MovedToPeer us"), .handoverOpen(.init(repeating: 1), phase: "issued"),
        .peerDisabled("us"), .peerIncomplete("us", missing: "inbound secret"),
        .timeToLiveOutOfRange, .probationOutOfRange, .unknownHandover(.init(repeating: 1)),
        .expired(at: PeerWorld.shared.now),
        .alreadyRedeemed, .cancelled(phase: "returned"), .leafChanged(inToken: leaf, present: nil), .leafRevoked(leaf),
        .staleEpoch(1, known: 2), .endpointNotMine("wss://x"), .listenerNotCovered([.untrusted]),
        .uidCollision(.init(repeating: 1), row: row), .agentHere(row), .mayHaveSettled(sourceRow: row, source: "eu"),
        .configurationMissing("base"),
        .groupMissing("prod"),
        .sourceUnreachable("eu"), .notRedeemed, .alreadyMoved(to: "us"), .alreadyArrived, .over(phase: "lapsed"),
        .noticeNotAllowed(.arrived, phase: "returned"),
    ]
    static let federation: [FederationRefusal] = [
        .certificateNotAccepted(leaf, .notPinned), .secretNotAccepted("us"),
        .tooManyWrongSecrets("us", pause: .seconds(2)), .pasteUnreadable("no PEM."),
        .pasteWithoutCertificate, .pasteWithTwoCertificates, .pasteWithoutAuthority, .pasteNotVerified([.untrusted]),
        .pasteWithoutPeerID, .nameNotValid("a b"), .nameTaken("us"), .endpointNotHTTPS("ws://x"), .peerIsThisServer,
        .peerKnown(.init(repeating: 1), as: "us"),
        .otherPeer(.init(repeating: 1), expected: .init(repeating: 2)), .secretNotValid, .handoversOpen("us", 2),
        .messagesWaiting("us", 3),
    ]
    static let fleet: [FleetRefusal] = [
        .bootstrapUnknown, .bootstrapUsed, .bootstrapExpired(at: PeerWorld.shared.now), .bootstrapTimeOutOfRange,
        .requestMissing, .requestNotValid("bad."), .instanceUIDNotValid,
        .handoverUnderWay(.init(repeating: 1)), .groupMissing("prod"),
        .configurationMissing("base"),
        .inUse("base"), .remoteAgent("peer:us/x"),
    ]
    static let authority: [AuthorityRefusal] = [
        .notDraft, .notTrusted, .stillNeeded(until: PeerWorld.shared.now), .vouchesForAgents(3), .knownAlone(1),
        .notYetValid(from: PeerWorld.shared.now), .tooManyKeys(8),
    ]
    static let absent: [NotFound] = [.agent("x"), .peer("us")]
    static let leaves: [LeafRefusal] = [
        .absent, .unknown(leaf), .notIssued([.untrusted]), .otherAgent(row), .revoked(leaf),
        .notHere(row, presence: "withdrawn"), .tooEarly(.init(repeating: 1)),
        .notAwaited(.init(repeating: 1)), .replaced(leaf, row: row), .clone(leaf, row: row),
    ]
    static let audit: [AuditRefusal] = [.broken("entry 2 is missing")]
    static let all: [any OperatorExplainable] = handover + federation + fleet + authority + absent + leaves + audit

    @Test func `every refusal has its own code, one line of each text, and an action`() {
        let messages = Self.all.map(\.operatorMessage)
        #expect(Set(messages.map(\.code)).count == messages.count)
        for message in messages {
            #expect(message.code.split(separator: ".").count == 2)
            for text in [message.title, message.cause, message.nextAction] {
                #expect(!text.isEmpty && !text.contains("\n"), "\(message.code)")
            }
            #expect(message.cause.hasSuffix("."), "\(message.code)")
            #expect(message.nextAction.hasSuffix(".") && message.nextAction.first?.isUppercase == true)
        }
    }

    @Test func `the samples name every case`() {
        #expect(Set(Self.handover.map { name(of: $0) }).count == 29)
        #expect(Set(Self.federation.map { name(of: $0) }).count == 18)
        #expect(Set(Self.fleet.map { name(of: $0) }).count == 12)
        #expect(Set(Self.authority.map { name(of: $0) }).count == 7)
        #expect(Set(Self.absent.map { name(of: $0) }).count == 2)
        #expect(Set(Self.leaves.map { name(of: $0) }).count == 10)
    }

    @Test(arguments: [
        "agent-lacks-capability", "already-redeemed", "cancelled", "stale-epoch", "fingerprint-mismatch",
        "leaf-revoked", "endpoint-not-mine", "uid-collision", "configuration-missing", "group-missing",
        "peer-disabled", "source-unreachable", "expired",
    ])
    func `the refusals of protocol section 4 that depend on state are among them`(reason: String) {
        #expect(Self.handover.contains { $0.operatorMessage.code == "handover.\(reason)" })
    }

    @Test func `a missing configuration is named`() {
        let message = HandoverRefusal.configurationMissing("edge-7").operatorMessage
        #expect(message.cause.contains("edge-7") && message.nextAction.contains("edge-7"))
    }
}
