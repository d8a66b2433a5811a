import Glibc

/// How a child of this process ended.
package enum ProcessEnd: Hashable, Sendable, CustomStringConvertible {
    case exited(status: Int32)
    case killed(signal: Int32)
    /// The system does not tell: something else in this process has waited for the child, or SIGCHLD is ignored.
    case unknown(SystemError)

    /// Waits until the child has ended. From then on its number can belong to another process.
    init(waitingFor child: pid_t) {
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else {
                self = .unknown(SystemError(code: errno))
                return
            }
        }
        self.init(waitStatus: status)
    }

    /// - Parameter waitStatus: as `waitpid` gives it.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7F
        self = signal == 0 ? .exited(status: (waitStatus >> 8) & 0xFF) : .killed(signal: signal)
    }

    package var description: String {
        switch self {
        case .exited(let status): "exited with status \(status)"
        case .killed(let signal): "was ended by signal \(signal)"
        case .unknown(let problem): "ended in an unknown way: \(problem)"
        }
    }
}
