import ServerCore
import Vocabulary

/// Saves the ends of sessions: ends that arrive during a transaction are saved together in the next one, so that many
/// disconnects do not delay a new connection.
actor SessionEnds {
    struct End: Sendable {
        var session: AgentSession
        var ending: SessionEnding
        var at: Timestamp
    }

    static let mostAtOnce = 256

    private var waiting: [(end: End, continuation: CheckedContinuation<Void, Never>)] = []
    private var isSaving = false

    /// Ends that no transaction has taken yet.
    var waitingCount: Int { waiting.count }

    /// Returns when the end is saved.
    ///
    /// - Parameter save: writes several at once.
    func add(_ end: End, save: @escaping @Sendable ([End]) async -> Void) async {
        await withCheckedContinuation { continuation in
            waiting.append((end, continuation))
            guard !isSaving else { return }
            isSaving = true
            Task { await drain(save) }
        }
    }

    private func drain(_ save: @Sendable ([End]) async -> Void) async {
        while !waiting.isEmpty {
            let group = Array(waiting.prefix(Self.mostAtOnce))
            waiting.removeFirst(group.count)
            await save(group.map(\.end))
            for member in group { member.continuation.resume() }
        }
        isSaving = false
    }
}
