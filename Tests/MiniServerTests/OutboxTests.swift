import Foundation
import HandoverToken
import Logging
import ServerAPI
import ServerCore
import ServerStorage
import Synchronization
import TestValues
import Testing
import Vocabulary

@testable import MiniServer

struct OutboxTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("outbox") }

    /// A peer that answers each delivery as the test says.
    private final class Peer: PeerCalls {
        private let delivered = Mutex<[(sequences: [Int], handover: HandoverID)]>([])
        private let answer: @Sendable (_ delivery: Int) -> PeerCallFailure?
        private let enough: Int
        let done = AsyncStream<Void>.makeStream()

        /// - Parameter enough: so many deliveries, and the test is over.
        init(until enough: Int, answer: @escaping @Sendable (Int) -> PeerCallFailure?) {
            (self.enough, self.answer) = (enough, answer)
        }

        /// Of each call.
        var sequences: [[Int]] { delivered.withLock { $0.map(\.sequences) } }
        var handovers: [HandoverID] { delivered.withLock { $0.map(\.handover) } }

        func deliver(
            _ batch: NoticeBatch, of handover: HandoverID, to peer: PeerID
        ) async throws(PeerCallFailure) -> NoticeReceipt {
            let count = delivered.withLock { delivered in
                delivered.append((batch.notices.map(\.sequence), handover))
                return delivered.count
            }
            if count == enough { done.continuation.finish() }
            if let failure = answer(count) { throw failure }
            return NoticeReceipt(lastSequence: batch.notices.last?.sequence ?? 0, phase: OpenWord(.awaiting))
        }

        func redeem(_: HandoverID, _: RedemptionRequest, at: PeerID) async throws(PeerCallFailure) -> HandoverStatus {
            throw Self.unknown
        }
        func status(of: HandoverID, at: PeerID) async throws(PeerCallFailure) -> HandoverStatus { throw Self.unknown }
        func handovers(ofLeaf: Fingerprint, at: PeerID) async throws(PeerCallFailure) -> [HandoverStatus] { [] }

        static let unknown = PeerCallFailure.refused(
            status: 404, HandoverRefusal.unknownHandover(id).operatorMessage, lastSequence: nil)
        static let id = HandoverID(repeating: 7)
    }

    /// Delivers notices, two of one handover, until the peer has had enough; returns those it refused for good.
    ///
    /// - Parameters:
    ///   - told: the outbox is told of these only; the others came to the database without it.
    ///   - answered: an answer has told the peer of all.
    private func deliver(
        _ messages: [(HandoverID, sequence: Int, NoticeType)] = [(Peer.id, 1, .connected), (Peer.id, 2, .arrived)],
        told: Set<Int>? = nil, answered: Bool = false, to peer: Peer, age: Duration
    ) async throws -> [Int] {
        let database = try ServerDatabase(path: folder.file("server.sqlite").path)
        let written = Timestamp.now
        let to = PeerID(repeating: 8)
        let all = messages.map { handover, sequence, type in
            OutboxTable.Message(
                handover: handover, role: .target, peer: to,
                notice: HandoverNotice(sequence: sequence, type: type, epoch: 1, at: written))
        }
        var log = Logger(label: "test")
        log.logLevel = .critical
        let outbox = Outbox(
            database: database, peers: peer, log: log, schedule: OutboxSchedule(answerWait: .zero),
            now: { written + age })
        try await database.write { tables in
            for message in all {
                try tables.outbox.append(message.notice, handover: message.handover, role: message.role, to: to)
            }
        }
        if let told { outbox.add(all.filter { told.contains($0.notice.sequence) }) } else { await outbox.load() }
        if answered { outbox.answered(Peer.id, .target) }
        let refused = Noted<Int>()
        await withTaskGroup { group in
            group.addTask { await outbox.run { message in refused.note(message.notice.sequence) } }
            for await _ in peer.done.stream {}
            group.cancelAll()
        }
        return refused.all
    }

    @Test func `a notice of a handover that the peer does not have yet is kept, and the next one with it`() async throws
    {
        let peer = Peer(until: 2) { $0 == 1 ? Peer.unknown : nil }
        #expect(try await deliver(to: peer, age: .zero).isEmpty)
        #expect(peer.sequences == [[1, 2], [1, 2]])
    }

    @Test func `a notice that the peer has not wanted to know for a day is given up`() async throws {
        let peer = Peer(until: 2) { _ in Peer.unknown }
        // To be unknown at the peer is no word about where the agent belongs.
        #expect(try await deliver(to: peer, age: OutboxSchedule.retryPeriod + .seconds(1)).isEmpty)
        #expect(peer.sequences == [[1, 2], [2]])
    }

    @Test func `a notice that the peer refuses is not sent again, and its sender is told`() async throws {
        let refusal = HandoverRefusal.noticeNotAllowed(.connected, phase: "returned").operatorMessage
        let peer = Peer(until: 2) { $0 == 1 ? .refused(status: 409, refusal, lastSequence: 1) : nil }
        #expect(try await deliver(to: peer, age: .zero) == [1])
        // What stood behind it in the call was not looked at.
        #expect(peer.sequences == [[1, 2], [2]])
    }

    @Test func `a silent peer is asked with one message until it answers`() async throws {
        let silence = PeerCallFailure.unanswered(PeerCallError.noCertificate.operatorMessage)
        let peer = Peer(until: 8) { $0 <= 5 ? silence : nil }
        let handovers = (1...3).map { HandoverID(repeating: $0) }
        _ = try await deliver(handovers.map { ($0, 1, .arrived) }, to: peer, age: .zero)
        // All three at once, then the first alone until it gets through, then the others.
        #expect(Set(peer.handovers.prefix(3)) == Set(handovers))
        #expect(peer.handovers[3] == peer.handovers[4] && peer.handovers[4] == peer.handovers[5])
        #expect(Set(peer.handovers.suffix(3)) == Set(handovers))
    }

    @Test func `what an answer has told is sent when the peer stays silent`() async throws {
        let peer = Peer(until: 1) { _ in nil }
        _ = try await deliver(told: [], answered: true, to: peer, age: .zero)
        #expect(peer.sequences == [[1, 2]])
    }

    @Test func `what the peer lacks is read from the database`() async throws {
        let gap = NoticeGap(last: 0, sent: 2).operatorMessage
        let peer = Peer(until: 2) { $0 == 1 ? .refused(status: 409, gap, lastSequence: 0) : nil }
        #expect(try await deliver(told: [2], to: peer, age: .zero).isEmpty)
        #expect(peer.sequences == [[2], [1, 2]])
    }
}
