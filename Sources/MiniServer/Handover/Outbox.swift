import Logging
import PeerAPI
import PeerCore
import Vocabulary

/// Delivers notices to peers: at least once, in order per handover, until the peer has acknowledged or refused each.
actor Outbox {
    private let database: PeerDatabase
    private let peers: any PeerCalls
    private let log: Logger
    private let now: @Sendable () -> Timestamp
    /// Rung whenever there may be something to deliver; rings that nobody has heard yet are one.
    private nonisolated let bell = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    /// Do not try before, and how long to wait after the next failure.
    private var pauses: [Waiting: (until: ContinuousClock.Instant, next: Duration)] = [:]

    /// Who is left alone for a while. A peer that does not answer is asked once and not once for every letter: each call
    /// costs its deadline and an audit entry, and the letters to others wait behind it.
    private enum Waiting: Hashable {
        case handover(HandoverID)
        case peer(PeerID)
    }

    static let firstPause = Duration.milliseconds(250)
    static let longestPause = Duration.seconds(30)
    static let lettersAtOnce = 8
    /// For how long a peer may not know the handover. It may have been set back to a backup, and be set right again;
    /// what it forgot for good would otherwise be told it for ever.
    static let patience = Duration.seconds(24 * 3600)

    init(database: PeerDatabase, peers: any PeerCalls, log: Logger, now: @escaping @Sendable () -> Timestamp) {
        (self.database, self.peers, self.log, self.now) = (database, peers, log, now)
    }

    /// There may be something new.
    nonisolated func wake() { bell.continuation.yield() }

    /// Delivers until the task is cancelled.
    ///
    /// - Parameter refused: told when a peer will not have a notice.
    func run(_ refused: @escaping @Sendable (OutboxTable.Letter) async -> Void) async {
        wake()
        for await _ in bell.stream { await deliverDue(refused) }
    }

    /// A few letters at once, each of another handover.
    private func deliverDue(_ refused: @escaping @Sendable (OutboxTable.Letter) async -> Void) async {
        let letters = (try? await database.read { try $0.outbox.due() }) ?? []
        var asked: Set<PeerID> = []
        let due = letters.filter { letter in
            guard !isPaused(.handover(letter.handover)), !isPaused(.peer(letter.peer)) else { return false }
            // A peer that was silent is asked with one letter first.
            return pauses[.peer(letter.peer)] == nil || asked.insert(letter.peer).inserted
        }
        await withTaskGroup(of: Void.self) { group in
            for (index, letter) in due.enumerated() {
                if index >= Self.lettersAtOnce { await group.next() }
                group.addTask { await self.deliver(letter, refused) }
            }
        }
    }

    private func deliver(
        _ letter: OutboxTable.Letter, _ refused: @escaping @Sendable (OutboxTable.Letter) async -> Void
    ) async {
        do throws(PeerCallFailure) {
            _ = try await peers.deliver(HandoverEvent(letter.notice), of: letter.handover, to: letter.peer)
            await acknowledge(letter)
        } catch {
            switch error {
            case .refused(409, _, let last?) where last >= letter.notice.sequence:
                // Told before it is forgotten, or a crash in between would keep it from whoever has to know.
                await refused(letter)
                await acknowledge(letter)
            case .refused(_, let message, _) where now() > letter.notice.at + Self.patience:
                log.warning("notice given up", metadata: letter.metadata(because: message))
                await acknowledge(letter)
            case .refused(_, let message, _): pause(.handover(letter.handover), letter, because: message)
            case .unanswered(let message): pause(.peer(letter.peer), letter, because: message)
            }
        }
    }

    private func acknowledge(_ letter: OutboxTable.Letter) async {
        pauses[.handover(letter.handover)] = nil
        pauses[.peer(letter.peer)] = nil
        do {
            try await database.write { try $0.outbox.remove(letter) }
        } catch {
            log.error("acknowledged notice not removed", metadata: ["reason": "\(error.explained)"])
            return pause(.handover(letter.handover))
        }
        // More letters of the same handover may have waited behind this one.
        wake()
    }

    private func isPaused(_ waiting: Waiting) -> Bool { pauses[waiting].map { $0.until > .now } ?? false }

    private func pause(_ waiting: Waiting) {
        // Letters that were on their way together fail together, and count once.
        guard !isPaused(waiting) else { return }
        let length = pauses[waiting]?.next ?? Self.firstPause
        pauses[waiting] = (.now + length, min(length * 2, Self.longestPause))
        Task { [bell] in
            try await Task.sleep(for: length)
            bell.continuation.yield()
        }
    }

    private func pause(_ waiting: Waiting, _ letter: OutboxTable.Letter, because message: OperatorMessage) {
        pause(waiting)
        log.notice("notice waits", metadata: letter.metadata(because: message))
    }
}

extension OutboxTable.Letter {
    fileprivate func metadata(because reason: OperatorMessage) -> Logger.Metadata {
        ["handover": "\(handover)", "notice": "\(notice.type.rawValue)", "reason": "\(reason)"]
    }
}

extension HandoverEvent {
    init(_ notice: HandoverNotice) {
        self.init(
            sequence: notice.sequence, type: notice.type.rawValue, epoch: notice.epoch, at: notice.at,
            facts: notice.facts)
    }
}

extension HandoverNotice {
    /// `nil` when the type is none that we know.
    init?(_ event: HandoverEvent) {
        guard let type = NoticeType(rawValue: event.type) else { return nil }
        self.init(sequence: event.sequence, type: type, epoch: event.epoch, at: event.at, facts: event.facts)
    }
}
