internal import CWebSockets
import Glibc
import HostSystem

/// One thread that owns one libwebsockets context, and the executor of the actor that lives on it.
///
/// An actor lives here by `nonisolated var unownedExecutor: UnownedSerialExecutor { loop.forActors }`.
/// The loop's thread keeps the loop alive: it runs until `shutDown`.
///
/// Safe to share because everything with a pointer in it is touched on the loop's thread only, and the rest lies
/// behind `shared`. The one exception is `lws_cancel_service`, which is made for other threads and is called with the
/// lock held, so that the context cannot go away underneath it.
@safe public final class EventLoop: SerialExecutor, @unchecked Sendable {
    enum Phase { case running, stopping, ended }

    enum Work {
        case job(UnownedJob)
        case body(() -> Void)
    }

    struct Shared {
        var phase = Phase.running
        var work: [Work] = []
        var timers = TimerQueue()
        /// The loop sleeps, or is about to, and has to be woken. True inside `lws_service` even for its own thread:
        /// libwebsockets runs its timers before it polls, so what they enqueue would otherwise wait for the next event.
        var isServing = false
        var thread: pthread_t?
        /// After the end: a thread for late jobs was started and has not gone again.
        var hasLateThread = false
    }

    let shared = PosixLock(Shared())
    let context: OpaquePointer
    let standIn: StandInListener
    let readiness: Readiness
    let network: Network
    let dialThreads: DialThreads
    private let deadline: LoopDeadline
    /// Who is at work here; on the loop's thread only.
    var links: [ObjectIdentifier: any LoopConnection] = [:]
    var tlsContexts: [TLSContext.Key: TLSContext] = [:]
    /// One of them, last used by a connection that is gone.
    var idleTLS: TLSContext?
    /// For a dial that is about to come.
    var preparedTLS: PreparedContext?

    /// - Parameters:
    ///   - connectionLimit: how many WebSockets there can be at once; tables are made for as many.
    ///   - dialThreads: for what waits long; several loops may share them.
    /// - Throws: `TransportFailure` when the host is out of memory, descriptors or threads.
    public convenience init(
        connectionLimit: Int = 64, dialThreads: DialThreads = DialThreads()
    ) throws(TransportFailure) {
        try self.init(connectionLimit: connectionLimit, network: .system, dialThreads: dialThreads)
    }

    init(
        connectionLimit: Int, network: Network, dialThreads: DialThreads = DialThreads()
    ) throws(TransportFailure) {
        self.dialThreads = dialThreads
        standIn = try StandInListener()
        readiness = try Readiness()
        self.network = network
        guard let context = unsafe makeContext(connectionLimit: connectionLimit) else { throw .contextNotCreated }
        unsafe self.context = context
        unsafe deadline = LoopDeadline(context: context)
        guard unsafe readiness.attach(to: context) else {
            unsafe lws_context_destroy(context)
            throw .contextNotCreated
        }
        do throws(SystemError) {
            try DetachedThread.start { self.run() }
        } catch {
            unsafe lws_context_destroy(context)
            throw .threadNotStarted("\(error)")
        }
    }

    // MARK: - Executor

    public func enqueue(_ job: consuming ExecutorJob) { append(.job(UnownedJob(job))) }

    public func checkIsolated() { precondition(isOnLoop, "this must run on the event loop's thread") }

    public func isIsolatingCurrentContext() -> Bool? { isOnLoop }

    var isOnLoop: Bool {
        let own = pthread_self()
        return shared.withLock { $0.thread.map { pthread_equal($0, own) != 0 } ?? false }
    }

    /// Runs the body on the loop, after everything that was asked for before.
    public func perform(_ body: @escaping @Sendable () -> Void) { append(.body(body)) }

    /// `perform` for what lives on the loop anyway.
    func later(_ body: @escaping () -> Void) {
        checkIsolated()
        append(.body(body))
    }

    /// Runs the body on the loop once, `delay` from now, unless it is cancelled or the loop ends first. May be called
    /// from any thread.
    @discardableResult
    public func wake(after delay: Duration, _ body: @escaping @Sendable () -> Void) -> LoopTimer {
        let deadline = monotonicMicroseconds() + max(0, delay.microseconds)
        let id = shared.withLock { shared in
            let id = shared.timers.add(deadline: deadline, body)
            wakeUp(&shared)
            return id
        }
        return LoopTimer(loop: self, id: id)
    }

    private func append(_ work: Work) {
        let needsThread = shared.withLock { shared in
            shared.work.append(work)
            wakeUp(&shared)
            guard shared.phase == .ended, !shared.hasLateThread else { return false }
            shared.hasLateThread = true
            return true
        }
        if needsThread { runAfterTheEnd() }
    }

    /// One write per sleep, however much is enqueued.
    private func wakeUp(_ shared: inout Shared) {
        guard shared.isServing else { return }
        shared.isServing = false
        unsafe lws_cancel_service(context)
    }

    // MARK: - The thread

    private func run() {
        shared.withLock { $0.thread = pthread_self() }
        while true {
            runDueWork()
            if isStopping, stopped() { break }
            unsafe deadline.set(shared.withLock { $0.timers.nextDeadline }, in: context)
            let maySleep = shared.withLock { shared in
                shared.isServing = shared.work.isEmpty
                return shared.isServing
            }
            guard maySleep else { continue }
            unsafe lws_service(context, 0)
            shared.withLock { $0.isServing = false }
            readiness.tell()
        }
        deadline.free()
        unsafe destroyContext(context)
        standIn.close()
        shared.withLock { shared in
            shared.phase = .ended
            shared.thread = nil
            shared.timers.removeAll()
        }
        shared.signal()
        if shared.withLock({ !$0.work.isEmpty }) { append(.body {}) }
    }

    private func runDueWork() {
        for work in shared.withLock({ shared in
            defer { shared.work.removeAll() }
            return shared.work
        }) { run(work) }
        let now = monotonicMicroseconds()
        while let body = shared.withLock({ $0.timers.removeNext(dueAt: now) }) { body() }
    }

    private func run(_ work: Work) {
        switch work {
        case .job(let job): unsafe job.runSynchronously(on: asUnownedSerialExecutor())
        case .body(let body): body()
        }
    }

    // MARK: - The end

    /// Closes every connection without a Close frame, frees everything and ends the thread. To send a Close frame,
    /// close the connection first. From another thread it returns when all is done; on the loop it only asks for the
    /// end. Jobs that come later still run, in order, on a thread made for them.
    public func shutDown() {
        shared.withLock { shared in
            if shared.phase == .running { shared.phase = .stopping }
            wakeUp(&shared)
        }
        guard !isOnLoop else { return }
        shared.wait { $0.phase == .ended }
    }

    /// Whether new connections are taken.
    var isOpen: Bool { shared.withLock { $0.phase == .running } }

    private var isStopping: Bool { shared.withLock { $0.phase == .stopping } }

    /// Whether nothing is left to wait for.
    private func stopped() -> Bool {
        for link in Array(links.values) { link.abandon("the event loop was shut down") }
        TLSContext.dropIdle(in: self)
        preparedTLS = nil
        return links.isEmpty && tlsContexts.isEmpty && shared.withLock { $0.work.isEmpty }
    }

    /// An actor may outlive the loop's thread; its jobs must not be lost.
    private func runAfterTheEnd() {
        let body: @Sendable () -> Void = {
            self.shared.withLock { $0.thread = pthread_self() }
            while true {
                let work = self.shared.withLock { shared -> [Work] in
                    defer { shared.work.removeAll() }
                    if shared.work.isEmpty { (shared.thread, shared.hasLateThread) = (nil, false) }
                    return shared.work
                }
                if work.isEmpty { return }
                for work in work { self.run(work) }
            }
        }
        do throws(SystemError) {
            try DetachedThread.start(body)
        } catch {
            preconditionFailure("no thread for the jobs left on a loop that was shut down: \(error)")
        }
    }
}

/// A body that waits for its time on a loop.
public struct LoopTimer: Sendable {
    let loop: EventLoop
    let id: UInt64

    /// On the loop's thread: the body will not run any more.
    public func cancel() { loop.shared.withLock { $0.timers.remove(id) } }
}
