import Glibc

/// A signal as a wish of an operator, instead of an end.
package enum ProgramSignal: Hashable, Sendable {
    /// SIGTERM or SIGINT.
    case end
    /// SIGHUP: read files again.
    case reload

    /// Must run before any other thread exists: threads inherit that these signals are not delivered to them. The
    /// writer of a broken pipe handles the error.
    package static func block() {
        signal(SIGPIPE, SIG_IGN)
        var signals = ours()
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Runs the body for each such signal, on a thread of its own.
    ///
    /// - Throws: `SystemError` when the host has no thread left for it.
    package static func onEach(_ body: @escaping @Sendable (ProgramSignal) -> Void) throws(SystemError) {
        try DetachedThread.start {
            var signals = ours()
            while true {
                var number: Int32 = 0
                if unsafe sigwait(&signals, &number) == 0 { body(number == SIGHUP ? .reload : .end) }
            }
        }
    }

    private static func ours() -> sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&signals, number) }
        return signals
    }
}
