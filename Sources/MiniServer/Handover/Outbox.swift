import Logging
import ServerAPI
import ServerCore
import ServerStorage
import Synchronization
import Vocabulary

/// Delivers notices to peers, as `OutboxSchedule` says.
///
/// A notice that is sent, refused or acknowledged leaves the database with the next transaction; one that was removed
/// too late is a duplicate to its receiver.
actor Outbox {
    typealias Message = OutboxTable.Message
    private typealias Party = OutboxSchedule.Party

    private let database: ServerDatabase
    private let peers: any PeerCalls
    private let log: Logger
    private let now: @Sendable () -> Timestamp
    /// Yields whenever there may be something to deliver; several wakeups before the next look are one.
    private nonisolated let wakeups = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let began = ContinuousClock.now
    private var schedule: OutboxSchedule
    /// What the database holds, in order.
    private var messages: [Message] = []
    /// What has come since the last look.
    private nonisolated let news = Mutex(News())
    /// The next wakeup that nobody has to give.
    private var timer: Duration?

    private struct News {
        var saved: [Message] = []
        /// An answer has told the peer of all that there was.
        var answered: Set<Party> = []
        /// The peer has everything up to this number.
        var acknowledged: [Party: Int] = [:]
        /// The peer lacks some that it was told of in an answer.
        var lacking: Set<Party> = []
    }

    init(
        database: ServerDatabase, peers: any PeerCalls, log: Logger, schedule: OutboxSchedule = OutboxSchedule(),
        now: @escaping @Sendable () -> Timestamp
    ) {
        (self.database, self.peers, self.log, self.now) = (database, peers, log, now)
        self.schedule = schedule
    }

    /// The notices of a step that is saved.
    nonisolated func add<Machine: HandoverMachine>(_ notices: [HandoverNotice], of machine: Machine) {
        add(notices.map { Message(handover: machine.id, role: Machine.role, peer: machine.otherParty, notice: $0) })
    }

    /// Notices that the database has.
    nonisolated func add(_ messages: [Message]) {
        guard !messages.isEmpty else { return }
        news.withLock { $0.saved += messages }
        wakeups.continuation.yield()
    }

    /// The answer to a redemption is about to tell the peer of all notices of this handover.
    nonisolated func answered(_ handover: HandoverID, _ role: HandoverRole) {
        news.withLock { _ = $0.answered.insert(Party(handover: handover, role: role)) }
        wakeups.continuation.yield()
    }

    /// The peer has said that it has these, and they are removed from the database.
    ///
    /// - Parameter sent: the number of the last one that there was to be told when the peer said so.
    nonisolated func acknowledged(upTo sequence: Int, of handover: HandoverID, _ role: HandoverRole, sent: Int) {
        let party = Party(handover: handover, role: role)
        news.withLock { news in
            news.acknowledged[party, default: 0].raise(to: sequence)
            if sequence < sent { news.lacking.insert(party) }
        }
        if sequence < sent { wakeups.continuation.yield() }
    }

    private var clock: Duration { ContinuousClock.now - began }

    /// Delivers until the task is cancelled, once `load` has read what earlier processes have left.
    ///
    /// - Parameter refused: called when a peer rejects a notice.
    func run(_ refused: @escaping @Sendable (Message) async -> Void) async {
        wakeups.continuation.yield()
        await withDiscardingTaskGroup { group in
            for await _ in wakeups.stream {
                for call in due() { group.addTask { await self.deliver(call, refused) } }
                guard let next = schedule.nextLook(after: clock), timer.map({ next < $0 }) ?? true else { continue }
                timer = next
                group.addTask { await self.sleep(until: next) }
            }
            group.cancelAll()
        }
    }

    private func sleep(until time: Duration) async {
        _ = try? await Task.sleep(for: max(time - clock, .zero))
        if timer == time { timer = nil }
        wakeups.continuation.yield()
    }

    /// What earlier processes have left.
    func load() async {
        do {
            messages = try await database.read { try $0.outbox.all() }
        } catch {
            log.error("notices not read", metadata: ["reason": "\(error.explained)"])
        }
    }

    private func due() -> [[Message]] {
        takeNews()
        let byItem = Dictionary(messages.map { ($0.item, $0) }) { first, _ in first }
        return schedule.due(messages.map(\.item), at: clock).map { call in call.compactMap { byItem[$0] } }
    }

    private func takeNews() {
        let news = news.withLock { news in
            defer { news = News() }
            return news
        }
        for party in news.answered { schedule.answered(party, at: clock) }
        for party in news.acknowledged.keys { schedule.heard(party) }
        for party in schedule.overdue(at: clock) { reload(party) }
        for party in news.lacking { reload(party) }
        // Two steps of a handover may come here in another order than they were saved in.
        for message in news.saved where !messages.contains(where: { $0.item == message.item }) {
            let later = messages.firstIndex {
                $0.party == message.party && $0.notice.sequence > message.notice.sequence
            }
            messages.insert(message, at: later ?? messages.endIndex)
        }
        if !news.acknowledged.isEmpty {
            messages.removeAll { $0.notice.sequence <= news.acknowledged[$0.party] ?? 0 }
        }
    }

    private func deliver(_ call: [Message], _ refused: @escaping @Sendable (Message) async -> Void) async {
        guard let first = call.first, let last = call.last else { return }
        let outcome: OutboxSchedule.Outcome
        do throws(PeerCallFailure) {
            let batch = NoticeBatch(call.map { NoticeMessage($0.notice) }, received: received(of: first.party))
            _ = try await peers.deliver(batch, of: first.handover, to: first.peer)
            remove(last)
            outcome = .done
        } catch {
            switch error {
            case .refused(409, _, let number?) where number >= first.notice.sequence:
                // Those before the last one are taken in. The handover gets the event before the notice is removed;
                // otherwise a crash in between would lose the event.
                let rejected = call.last { $0.notice.sequence <= number } ?? first
                await refused(rejected)
                remove(rejected)
                outcome = .done
            case .refused(_, let reason, _) where now() > first.notice.at + OutboxSchedule.retryPeriod:
                log.warning("notice given up", metadata: first.metadata(because: reason))
                remove(first)
                outcome = .done
            case .refused(_, let reason, _):
                log.notice("notice waits", metadata: first.metadata(because: reason))
                outcome = .later
            case .unanswered(let reason):
                log.notice("notice waits", metadata: first.metadata(because: reason))
                outcome = .silent
            }
        }
        if outcome != .done { reload(first.party) }
        schedule.ended(call.map(\.item), outcome, at: clock)
        // More notices of the same handover may have waited behind these.
        wakeups.continuation.yield()
    }

    /// The number of the last notice of the peer in this handover.
    private func received(of party: Party) -> Int {
        let ledger = try? database.look { tables in
            switch party.role {
            case .source: try tables.sources.find(party.handover)?.machine.notices
            case .target: try tables.targets.find(party.handover)?.machine.notices
            }
        }
        return ledger.flatMap { $0 }?.received ?? 0
    }

    private func remove(_ last: Message) {
        messages.removeAll { $0.party == last.party && $0.notice.sequence <= last.notice.sequence }
        Task { [database, log] in
            do {
                try await database.writeWithNext {
                    try $0.outbox.remove(upTo: last.notice.sequence, of: last.handover, role: last.role)
                }
            } catch {
                log.error("acknowledged notice not removed", metadata: ["reason": "\(error.explained)"])
            }
        }
    }

    /// An operator may have removed the peer and what was meant for it, or the peer may lack one that it was told in the
    /// answer to a redemption.
    private func reload(_ party: Party) {
        guard
            let stored = try? database.look({ try $0.outbox.messages(of: party.handover, role: party.role) })
        else { return }
        let place = messages.firstIndex { $0.party == party } ?? messages.endIndex
        messages.removeAll { $0.party == party }
        messages.insert(contentsOf: stored, at: place)
    }
}

extension OutboxTable.Message {
    fileprivate var item: OutboxSchedule.Item {
        OutboxSchedule.Item(
            handover: handover, role: role, peer: peer, sequence: notice.sequence,
            waitsForNext: notice.type.waitsForNext)
    }

    fileprivate var party: OutboxSchedule.Party { item.party }

    fileprivate func metadata(because reason: OperatorMessage) -> Logger.Metadata {
        ["handover": "\(handover)", "notice": "\(notice.type.rawValue)", "reason": "\(reason)"]
    }
}

extension Int {
    fileprivate mutating func raise(to other: Int) { self = Swift.max(self, other) }
}

extension NoticeMessage {
    init(_ notice: HandoverNotice) {
        self.init(
            sequence: notice.sequence, type: OpenWord(notice.type), epoch: notice.epoch, at: notice.at,
            facts: notice.facts)
    }
}

extension HandoverNotice {
    /// `nil` when the type is none that we know.
    init?(_ event: NoticeMessage) {
        guard let type = event.type.known else { return nil }
        self.init(sequence: event.sequence, type: type, epoch: event.epoch, at: event.at, facts: event.facts)
    }
}
