import NIOCore
import Synchronization

/// Limits the concurrent calls of the service; a further request is refused with Retry-After instead of being queued.
final class ConcurrencyLimit: Sendable {
    static let retryAfter: Duration = .seconds(30)

    private let limit: Int
    private let inside = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// `nil`, without a call, when the limit is reached.
    func pass<Answer: Sendable>(_ ask: () -> EventLoopFuture<Answer>) -> EventLoopFuture<Answer>? {
        guard inside.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            inside.wrappingSubtract(1, ordering: .relaxed)
            return nil
        }
        let answer = ask()
        answer.whenComplete { _ in self.inside.wrappingSubtract(1, ordering: .relaxed) }
        return answer
    }
}
