import Logging
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

/// Delivers notices to peers: at least once, in order per handover, until the peer has acknowledged or refused each.
actor Outbox {
    private let database: ServerDatabase
    private let peers: any PeerCalls
    private let log: Logger
    private let now: @Sendable () -> Timestamp
    /// Yields whenever there may be something to deliver; several wakeups before the next look are one.
    private nonisolated let wakeups = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    /// Do not try before, and how long to wait after the next failure.
    private var pauses: [Waiting: (until: ContinuousClock.Instant, next: Duration)] = [:]

    /// Who is left alone for a while. A peer that does not answer is asked once and not once for every message: each call
    /// costs its deadline and an audit entry, and the messages to others wait behind it.
    private enum Waiting: Hashable {
        case handover(HandoverID)
        case peer(PeerID)
    }

    static let firstPause = Duration.milliseconds(250)
    static let longestPause = Duration.seconds(30)
    static let messagesAtOnce = 8
    /// For how long a peer may not know the handover. It may have been set back to a backup, and be set right again;
    /// what it forgot for good would otherwise be told it for ever.
    static let retryPeriod = Duration.seconds(24 * 3600)

    init(database: ServerDatabase, peers: any PeerCalls, log: Logger, now: @escaping @Sendable () -> Timestamp) {
        (self.database, self.peers, self.log, self.now) = (database, peers, log, now)
    }

    /// There may be something new.
    nonisolated func wake() { wakeups.continuation.yield() }

    /// Delivers until the task is cancelled.
    ///
    /// - Parameter refused: told when a peer will not have a notice.
    func run(_ refused: @escaping @Sendable (OutboxTable.Message) async -> Void) async {
        wake()
        for await _ in wakeups.stream { await deliverDue(refused) }
    }

    /// A few messages at once, each of another handover.
    private func deliverDue(_ refused: @escaping @Sendable (OutboxTable.Message) async -> Void) async {
        let messages = (try? await database.read { try $0.outbox.due() }) ?? []
        var asked: Set<PeerID> = []
        let due = messages.filter { message in
            guard !isPaused(.handover(message.handover)), !isPaused(.peer(message.peer)) else { return false }
            // A peer that was silent is asked with one message first.
            return pauses[.peer(message.peer)] == nil || asked.insert(message.peer).inserted
        }
        await withTaskGroup(of: Void.self) { group in
            for (index, message) in due.enumerated() {
                if index >= Self.messagesAtOnce { await group.next() }
                group.addTask { await self.deliver(message, refused) }
            }
        }
    }

    private func deliver(
        _ message: OutboxTable.Message, _ refused: @escaping @Sendable (OutboxTable.Message) async -> Void
    ) async {
        do throws(PeerCallFailure) {
            _ = try await peers.deliver(NoticeMessage(message.notice), of: message.handover, to: message.peer)
            await acknowledge(message)
        } catch {
            switch error {
            case .refused(409, _, let last?) where last >= message.notice.sequence:
                // Told before it is forgotten, or a crash in between would keep it from whoever has to know.
                await refused(message)
                await acknowledge(message)
            case .refused(_, let reason, _) where now() > message.notice.at + Self.retryPeriod:
                log.warning("notice given up", metadata: message.metadata(because: reason))
                await acknowledge(message)
            case .refused(_, let reason, _): pause(.handover(message.handover), message, because: reason)
            case .unanswered(let reason): pause(.peer(message.peer), message, because: reason)
            }
        }
    }

    private func acknowledge(_ message: OutboxTable.Message) async {
        pauses[.handover(message.handover)] = nil
        pauses[.peer(message.peer)] = nil
        do {
            try await database.write { try $0.outbox.remove(message) }
        } catch {
            log.error("acknowledged notice not removed", metadata: ["reason": "\(error.explained)"])
            return pause(.handover(message.handover))
        }
        // More messages of the same handover may have waited behind this one.
        wake()
    }

    private func isPaused(_ waiting: Waiting) -> Bool { pauses[waiting].map { $0.until > .now } ?? false }

    private func pause(_ waiting: Waiting) {
        // Messages that were on their way together fail together, and count once.
        guard !isPaused(waiting) else { return }
        let length = pauses[waiting]?.next ?? Self.firstPause
        pauses[waiting] = (.now + length, min(length * 2, Self.longestPause))
        Task { [wakeups] in
            try await Task.sleep(for: length)
            wakeups.continuation.yield()
        }
    }

    private func pause(_ waiting: Waiting, _ message: OutboxTable.Message, because reason: OperatorMessage) {
        pause(waiting)
        log.notice("notice waits", metadata: message.metadata(because: reason))
    }
}

extension OutboxTable.Message {
    fileprivate func metadata(because reason: OperatorMessage) -> Logger.Metadata {
        ["handover": "\(handover)", "notice": "\(notice.type.rawValue)", "reason": "\(reason)"]
    }
}

extension NoticeMessage {
    init(_ notice: HandoverNotice) {
        self.init(
            sequence: notice.sequence, type: notice.type.rawValue, epoch: notice.epoch, at: notice.at,
            facts: notice.facts)
    }
}

extension HandoverNotice {
    /// `nil` when the type is none that we know.
    init?(_ event: NoticeMessage) {
        guard let type = NoticeType(rawValue: event.type) else { return nil }
        self.init(sequence: event.sequence, type: type, epoch: event.epoch, at: event.at, facts: event.facts)
    }
}
