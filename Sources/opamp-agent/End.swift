import Glibc
import HostSystem

/// Ends the process as it is, once the log is out or nobody reads it. A thread may still wait for a name or a command: it
/// must not meet what the C libraries' handlers of `exit` have already taken down.
func end(with status: ExitCode) -> Never {
    if status != .interrupted { LineWriter.standardError.flush(upTo: 1000) }
    _exit(status.rawValue)
}
