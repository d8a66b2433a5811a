import Glibc

/// A command line of the operator's, run by `/bin/sh -c` with the environment and the standard error of this process.
package enum ShellCommand {
    package enum Outcome: Hashable, Sendable {
        case exited(status: Int32)
        case killed(signal: Int32)
        /// It took longer than it may and was killed, with everything it had started.
        case tooSlow
        case notStarted(SystemError)
    }

    /// Runs it on a thread of its own; the caller's is free meanwhile.
    package static func run(_ line: String, limit: Duration) async -> Outcome {
        await withCheckedContinuation { continuation in
            do throws(SystemError) {
                try DetachedThread.start { continuation.resume(returning: runHere(line, limit: limit)) }
            } catch {
                continuation.resume(returning: .notStarted(error))
            }
        }
    }

    private static func runHere(_ line: String, limit: Duration) -> Outcome {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // A group of its own, so that all of it can be ended; and none of the signals that this process blocks.
        var noSignal = sigset_t()
        unsafe sigemptyset(&noSignal)
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        unsafe sigaddset(&defaults, SIGPIPE)
        unsafe posix_spawnattr_setsigmask(&attributes, &noSignal)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let words: [String] = ["/bin/sh", "-c", line]
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var child = pid_t()
        let problem = unsafe posix_spawn(&child, "/bin/sh", nil, &attributes, arguments, environ)
        guard problem == 0 else { return .notStarted(SystemError(code: problem)) }
        return wait(for: child, limit: limit)
    }

    private static func wait(for child: pid_t, limit: Duration) -> Outcome {
        let deadline = ContinuousClock.now + limit
        var status: Int32 = 0
        while true {
            let ended = unsafe waitpid(child, &status, WNOHANG)
            if ended == child { break }
            if ended < 0, errno != EINTR { return .notStarted(SystemError(code: errno)) }
            if ContinuousClock.now > deadline {
                kill(-child, SIGKILL)
                unsafe waitpid(child, &status, 0)
                return .tooSlow
            }
            usleep(5_000)
        }
        let signal = status & 0x7F
        return signal == 0 ? .exited(status: (status >> 8) & 0xFF) : .killed(signal: signal)
    }
}
