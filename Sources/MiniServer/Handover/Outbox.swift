import Logging
import PeerAPI
import PeerCore
import Vocabulary

/// Delivers notices to peers: at least once, in order per handover, until the peer has acknowledged or refused each.
actor Outbox {
    private let database: PeerDatabase
    private let peers: any PeerCalls
    private let log: Logger
    private var isWanted = true
    /// Per handover and side: do not try before, and how long to wait after the next failure.
    private var pauses: [HandoverID: (until: ContinuousClock.Instant, next: Duration)] = [:]

    static let firstPause = Duration.milliseconds(250)
    static let longestPause = Duration.seconds(30)

    init(database: PeerDatabase, peers: any PeerCalls, log: Logger) {
        (self.database, self.peers, self.log) = (database, peers, log)
    }

    /// There may be something new.
    func wake() { isWanted = true }

    /// Delivers until the task is cancelled.
    ///
    /// - Parameter refused: told when a peer will not have a notice.
    func run(_ refused: @Sendable (OutboxTable.Letter) async -> Void) async {
        while !Task.isCancelled {
            if isWanted || !pauses.isEmpty {
                isWanted = false
                await deliverDue(refused)
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private func deliverDue(_ refused: @Sendable (OutboxTable.Letter) async -> Void) async {
        let letters = (try? await database.read { try $0.outbox.due() }) ?? []
        for letter in letters where pauses[letter.handover].map({ $0.until <= .now }) ?? true {
            await deliver(letter, refused)
        }
    }

    private func deliver(_ letter: OutboxTable.Letter, _ refused: @Sendable (OutboxTable.Letter) async -> Void) async {
        do throws(PeerCallFailure) {
            _ = try await peers.deliver(HandoverEvent(letter.notice), of: letter.handover, to: letter.peer)
            await acknowledge(letter)
        } catch {
            switch error {
            case .refused(409, _, let last?) where last >= letter.notice.sequence:
                await acknowledge(letter)
                await refused(letter)
            case .refused(404, _, _):
                await acknowledge(letter)
                await refused(letter)
            case .refused(_, let message, _), .unanswered(let message):
                pause(letter, because: message)
            }
        }
    }

    private func acknowledge(_ letter: OutboxTable.Letter) async {
        pauses[letter.handover] = nil
        // More letters of the same handover may have waited behind this one.
        isWanted = true
        do {
            try await database.write { try $0.outbox.remove(letter) }
        } catch {
            log.error("acknowledged notice not removed", metadata: ["reason": "\(error.explained)"])
        }
    }

    private func pause(_ letter: OutboxTable.Letter, because message: OperatorMessage) {
        let length = pauses[letter.handover]?.next ?? Self.firstPause
        pauses[letter.handover] = (.now + length, min(length * 2, Self.longestPause))
        log.notice(
            "notice waits",
            metadata: [
                "handover": "\(letter.handover)", "notice": "\(letter.notice.type.rawValue)",
                "reason": "\(message)",
            ])
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
