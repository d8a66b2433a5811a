import Foundation
import MiniServer
import UnixSignals

/// What SIGTERM and SIGINT do: the first one asks for an orderly end, which has its limit; the second one ends the
/// process.
enum StopSignals {
    /// How long an orderly end may take. Every commit is on disk by then, so that nothing is lost by ending here.
    static let limit: TimeInterval = 2

    static func obey(_ server: Server) async {
        var isStopping = false
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            // As a shell reports a process that a signal ended.
            guard !isStopping else { exit(128 + signal.rawValue) }
            isStopping = true
            endSoon(status: EXIT_SUCCESS)
            server.stop()
        }
    }

    /// Ends the process at the limit, whatever it waits for then.
    static func endSoon(status: Int32) {
        // A thread of its own: what hangs may hold every thread that tasks run on.
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: limit)
            exit(status)
        }
    }
}
