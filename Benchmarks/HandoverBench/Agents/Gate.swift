import Dispatch
import Synchronization

/// Holds agents back, each on its own thread, so that all of them leave in the same instant.
final class Gate: Sendable {
    private struct State {
        var isShut = false
        var held = 0
    }

    private let state = Mutex(State())
    private let opening = DispatchSemaphore(value: 0)

    func shut() { state.withLock { $0.isShut = true } }

    var held: Int { state.withLock { $0.held } }

    /// Lets everybody go who is held, and whoever comes later.
    func open() {
        let held = state.withLock { state in
            defer { state = State() }
            return state.held
        }
        for _ in 0..<held { opening.signal() }
    }

    func pass() {
        let isHeld = state.withLock { state in
            if state.isShut { state.held += 1 }
            return state.isShut
        }
        if isHeld { opening.wait() }
    }
}
