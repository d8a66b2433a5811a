import Glibc

/// A command line of the operator's, run by `/bin/sh -c` with the environment of this process.
package enum ShellCommand {
    package struct Outcome: Hashable, Sendable {
        package enum Course: Hashable, Sendable {
            case ended(ProcessEnd)
            /// It took longer than it may and was killed, with everything it had started.
            case tooSlow
            case notStarted(SystemError)
        }

        package var course: Course
        /// The last bytes that it wrote to standard output and standard error, at most `ShellCommand.outputBytes`.
        package var output: [UInt8] = []

        package var isGood: Bool { course == .ended(.exited(status: 0)) }
    }

    package static let outputBytes = 4096

    /// Runs it on a thread of its own; the caller's is free meanwhile.
    ///
    /// - Parameter arguments: `$1` and the following ones of the line.
    package static func run(_ line: String, arguments: [String] = [], limit: Duration) async -> Outcome {
        do throws(SystemError) {
            return try await DetachedThread.result { () throws(SystemError) in
                let pipe = try Descriptor.pipe()
                let child = try start(line, arguments, output: pipe.writing)
                var run = Run(child: child, output: pipe.reading)
                return run.finish(within: limit)
            }
        } catch {
            return Outcome(course: .notStarted(error))
        }
    }

    private static func start(
        _ line: String, _ arguments: [String], output: Descriptor
    ) throws(SystemError) -> pid_t {
        try Spawn(
            program: "/bin/sh", arguments: ["-c", line, "sh"] + arguments, input: .null, output: .pipe(output),
            errors: .pipe(output)
        ).start()
    }

    /// One that is running.
    private struct Run {
        let child: pid_t
        let output: Descriptor
        private var tail: [UInt8] = []

        init(child: pid_t, output: Descriptor) {
            self.child = child
            self.output = output
        }

        /// Its end counts, not that of its output: what it leaves running in the background may keep that open.
        mutating func finish(within limit: Duration) -> Outcome {
            let deadline = ContinuousClock.now + limit
            var status: Int32 = 0
            while true {
                let ended = unsafe waitpid(child, &status, WNOHANG)
                if ended == child { return outcome(.ended(ProcessEnd(waitStatus: status))) }
                if ended < 0, errno != EINTR { return outcome(.ended(.unknown(SystemError(code: errno)))) }
                if ContinuousClock.now > deadline {
                    kill(-child, SIGKILL)
                    unsafe waitpid(child, &status, 0)
                    return outcome(.tooSlow)
                }
                if !readSome(waiting: 5) { usleep(5_000) }
            }
        }

        private mutating func outcome(_ course: Outcome.Course) -> Outcome {
            // A few pipes full at most: something in the background may never stop writing.
            for _ in 0..<64 where readSome(waiting: 0) {}
            return Outcome(course: course, output: tail)
        }

        /// - Returns: whether there was something.
        private mutating func readSome(waiting milliseconds: Int32) -> Bool {
            guard output.isReadable(within: milliseconds), let bytes = try? output.read(), !bytes.isEmpty else {
                return false
            }
            tail = (tail + bytes).suffix(ShellCommand.outputBytes)
            return true
        }
    }
}
