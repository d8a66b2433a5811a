import Logging
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

/// Delivers notices to peers, as `OutboxSchedule` says.
actor Outbox {
    private let database: ServerDatabase
    private let peers: any PeerCalls
    private let log: Logger
    private let now: @Sendable () -> Timestamp
    /// Yields whenever there may be something to deliver; several wakeups before the next look are one.
    private nonisolated let wakeups = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let began = ContinuousClock.now
    private var schedule = OutboxSchedule()
    /// The next wakeup that nobody has to give.
    private var timer: Duration?

    init(database: ServerDatabase, peers: any PeerCalls, log: Logger, now: @escaping @Sendable () -> Timestamp) {
        (self.database, self.peers, self.log, self.now) = (database, peers, log, now)
    }

    /// There may be something new.
    nonisolated func wake() { wakeups.continuation.yield() }

    private var clock: Duration { ContinuousClock.now - began }

    /// Delivers until the task is cancelled.
    ///
    /// - Parameter refused: called when a peer rejects a notice.
    func run(_ refused: @escaping @Sendable (OutboxTable.Message) async -> Void) async {
        wake()
        await withDiscardingTaskGroup { group in
            for await _ in wakeups.stream {
                for message in await due() { group.addTask { await self.deliver(message, refused) } }
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
        wake()
    }

    private func due() async -> [OutboxTable.Message] {
        let messages = (try? await database.read { try $0.outbox.due() }) ?? []
        let numbers = Set(schedule.due(messages.map(\.item), at: clock).map(\.number))
        return messages.filter { numbers.contains($0.number) }
    }

    private func deliver(
        _ message: OutboxTable.Message, _ refused: @escaping @Sendable (OutboxTable.Message) async -> Void
    ) async {
        let outcome: OutboxSchedule.Outcome
        do throws(PeerCallFailure) {
            _ = try await peers.deliver(NoticeMessage(message.notice), of: message.handover, to: message.peer)
            outcome = await remove(message)
        } catch {
            switch error {
            case .refused(409, _, let last?) where last >= message.notice.sequence:
                // The handover gets the event before the notice is removed; otherwise a crash in between would lose the
                // event.
                await refused(message)
                outcome = await remove(message)
            case .refused(_, let reason, _) where now() > message.notice.at + OutboxSchedule.retryPeriod:
                log.warning("notice given up", metadata: message.metadata(because: reason))
                outcome = await remove(message)
            case .refused(_, let reason, _):
                log.notice("notice waits", metadata: message.metadata(because: reason))
                outcome = .later
            case .unanswered(let reason):
                log.notice("notice waits", metadata: message.metadata(because: reason))
                outcome = .silent
            }
        }
        schedule.ended(message.item, outcome, at: clock)
        // More notices of the same handover may have waited behind this one.
        wake()
    }

    private func remove(_ message: OutboxTable.Message) async -> OutboxSchedule.Outcome {
        do {
            try await database.write { try $0.outbox.remove(message) }
            return .done
        } catch {
            log.error("acknowledged notice not removed", metadata: ["reason": "\(error.explained)"])
            return .later
        }
    }
}

extension OutboxTable.Message {
    fileprivate var item: OutboxSchedule.Item {
        OutboxSchedule.Item(number: number, handover: handover, role: role, peer: peer)
    }

    fileprivate func metadata(because reason: OperatorMessage) -> Logger.Metadata {
        ["handover": "\(handover)", "notice": "\(notice.type.rawValue)", "reason": "\(reason)"]
    }
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
