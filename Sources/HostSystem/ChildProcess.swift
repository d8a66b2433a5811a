import Glibc
import Synchronization

/// A program that runs as a child of this process, in a process group of its own.
///
/// The child goes on when nobody holds this any more, with its pipes closed.
package final class ChildProcess: Sendable {
    package enum Input: Sendable {
        case null, pipe
    }

    package enum Output: Sendable {
        case null, inherited, pipe
        /// Appended to, and created where there is none. Several may share one.
        case file(String)
    }

    package let input: ChildInput
    package let output: ChildOutput
    package let errors: ChildOutput
    private let state: ChildState

    /// Starts it. This process has its own three standard files open, and does not ignore SIGCHLD.
    ///
    /// - Parameters:
    ///   - program: a path; no search for it takes place.
    ///   - environment: nil is that of this process.
    ///   - folder: where it runs; nil is where this process does.
    /// - Throws: why it does not run, for example that the program or the folder is missing.
    package init(
        _ program: String, _ arguments: [String] = [], environment: [String: String]? = nil, folder: String? = nil,
        input: Input = .null, output: Output = .inherited, errors: Output = .inherited
    ) throws(SystemError) {
        var spawn = Spawn(program: program, arguments: arguments, environment: environment, folder: folder)
        switch input {
        case .null:
            spawn.input = .null
            self.input = ChildInput(nil)
        case .pipe:
            let pipe = try Descriptor.pipe()
            spawn.input = .pipe(pipe.reading)
            self.input = ChildInput(pipe.writing)
        }
        (spawn.output, self.output) = try Self.open(output)
        (spawn.errors, self.errors) = try Self.open(errors)
        state = ChildState(of: try spawn.start())
        do {
            try DetachedThread.start { [state] in state.waitForEnd() }
        } catch {
            state.send(SIGKILL)
            state.waitForEnd()
            throw error
        }
    }

    private static func open(_ output: Output) throws(SystemError) -> (Spawn.Stream, ChildOutput) {
        switch output {
        case .null: return (.null, ChildOutput(end: nil))
        case .inherited: return (.inherited, ChildOutput(end: nil))
        case .file(let path): return (.file(path), ChildOutput(end: nil))
        case .pipe:
            let pipe = try Descriptor.pipe()
            return (.pipe(pipe.writing), ChildOutput(end: pipe.reading))
        }
    }

    package var processID: Int32 { state.processID }
    package var isRunning: Bool { end == nil }
    /// nil while it runs.
    package var end: ProcessEnd? { state.end }

    /// Waits for its end, whether or not the task is cancelled; the caller's thread is free meanwhile.
    @discardableResult
    package func ended() async -> ProcessEnd { await state.ended() }

    /// Does nothing after its end: its number may belong to another process.
    package func send(_ signal: Int32) { state.send(signal) }
}

/// What a child and the thread that waits for it have in common.
private final class ChildState: Sendable {
    private struct Progress {
        var end: ProcessEnd?
        var callers: [CheckedContinuation<ProcessEnd, Never>] = []
    }

    let processID: pid_t
    private let progress = Mutex(Progress())

    init(of processID: pid_t) { self.processID = processID }

    var end: ProcessEnd? { progress.withLock { $0.end } }

    func ended() async -> ProcessEnd {
        await withCheckedContinuation { continuation in
            let end = progress.withLock { progress in
                if progress.end == nil { progress.callers.append(continuation) }
                return progress.end
            }
            if let end { continuation.resume(returning: end) }
        }
    }

    func send(_ signal: Int32) {
        progress.withLock { progress in
            if progress.end == nil { kill(processID, signal) }
        }
    }

    /// Blocks until then. It is called once.
    func waitForEnd() {
        var information = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        // It has ended and keeps its number until here; nobody sends a signal while the lock is held.
        let (end, callers) = progress.withLock { progress in
            let end = ProcessEnd(waitingFor: processID)
            defer { progress = Progress(end: end) }
            return (end, progress.callers)
        }
        for caller in callers { caller.resume(returning: end) }
    }
}
