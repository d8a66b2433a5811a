import Glibc

/// A command line of the operator's, run by `/bin/sh -c` with the environment and the standard error of this process.
package enum ShellCommand {
    package enum Outcome: Hashable, Sendable {
        case ended(ProcessEnd)
        /// It took longer than it may and was killed, with everything it had started.
        case tooSlow
        case notStarted(SystemError)
    }

    /// Runs it on a thread of its own; the caller's is free meanwhile.
    package static func run(_ line: String, limit: Duration) async -> Outcome {
        do throws(SystemError) {
            return try await DetachedThread.result { () throws(SystemError) in
                let spawn = Spawn(program: "/bin/sh", arguments: ["-c", line])
                return wait(for: try spawn.start(), limit: limit)
            }
        } catch {
            return .notStarted(error)
        }
    }

    private static func wait(for child: pid_t, limit: Duration) -> Outcome {
        let deadline = ContinuousClock.now + limit
        var status: Int32 = 0
        while true {
            let ended = unsafe waitpid(child, &status, WNOHANG)
            if ended == child { return .ended(ProcessEnd(waitStatus: status)) }
            if ended < 0, errno != EINTR { return .ended(.unknown(SystemError(code: errno))) }
            if ContinuousClock.now > deadline {
                kill(-child, SIGKILL)
                unsafe waitpid(child, &status, 0)
                return .tooSlow
            }
            usleep(5_000)
        }
    }
}
