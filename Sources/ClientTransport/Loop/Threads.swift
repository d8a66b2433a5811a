internal import CWebSockets
import Glibc

/// Runs the body on a new detached thread that receives no signals: those belong to the host program.
///
/// - Returns: an `errno` value, 0 if the thread runs.
func startThread(_ body: @escaping @Sendable () -> Void) -> Int32 {
    var everySignal = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&everySignal)
    unsafe pthread_sigmask(SIG_SETMASK, &everySignal, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }

    // The thread takes the retain over; if there is no thread it is taken back below.
    let argument = unsafe Unmanaged.passRetained(ThreadBody(run: body))
    var thread = pthread_t()
    let problem = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, argument.toOpaque())
    guard problem == 0 else {
        unsafe argument.release()
        return problem
    }
    pthread_detach(thread)
    return 0
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
}

/// An `errno` value in words.
func words(forErrno code: Int32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard let start = buffer.baseAddress else { return "error \(code)" }
        unsafe strerror_r(code, start, buffer.count)
        return unsafe String(cString: start)
    }
}

/// Microseconds of the monotonic clock.
func monotonicMicroseconds() -> Int64 {
    lws_now_usecs()
}

extension Duration {
    /// Rounded up, so that a timer never fires early; clamped to 30 years.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let clamped = min(max(seconds, -1), 1_000_000_000)
        return clamped * 1_000_000 + (attoseconds + 999_999_999_999) / 1_000_000_000_000
    }
}
