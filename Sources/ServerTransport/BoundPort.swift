import Synchronization

/// The port that a listener was given, for callers that wait for it.
package final class BoundPort: Sendable {
    private enum State {
        case waiting([CheckedContinuation<Int?, Never>])
        case known(Int?)
    }

    private let state = Mutex(State.waiting([]))

    /// `nil` when the listener ended without ever being bound.
    package var value: Int? {
        get async {
            await withCheckedContinuation { continuation in
                let known: Int?? = state.withLock { state in
                    switch state {
                    case .known(let port): return .some(port)
                    case .waiting(let others):
                        state = .waiting(others + [continuation])
                        return .none
                    }
                }
                if case .some(let port) = known { continuation.resume(returning: port) }
            }
        }
    }

    var isKnown: Bool {
        state.withLock { state in
            if case .known = state { true } else { false }
        }
    }

    /// The first call counts.
    package func resolve(_ port: Int?) {
        let waiting: [CheckedContinuation<Int?, Never>] = state.withLock { state in
            guard case .waiting(let waiting) = state else { return [] }
            state = .known(port)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: port) }
    }
}
