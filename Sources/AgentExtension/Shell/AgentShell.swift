import AgentCore
import Certificates
import ClientTransport
import DurableFiles
import OpAMPProto
import Vocabulary

/// Carries the core's decisions out. It lives on the transport's loop and obeys the law of `AgentStep`: step, save,
/// act, and feed every result back as an event of its own.
actor AgentShell {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.forActors }

    var agent: Agent
    let state: StateDirectory
    let limits: HostConfiguration.MessageLimits
    /// Of the leaf.
    var key: PrivateKey
    /// Where the host's PKI puts another leaf and its key; `nil` for an agent that has a leaf from its servers.
    let certificateFiles: CertificateFiles?
    var proxy: HostProxy
    let sink: (any ConfigurationSink)?
    let connectionsSink: (any ConnectionsSink)?
    let customMessages: AsyncStream<CustomMessage>.Continuation
    let log: AgentLog
    let clock = AgentClock()
    let dialer: Dialer

    /// What has happened and was not decided yet; events never arrive inside a step.
    private var inbox: [AgentEvent] = []
    private var isDeciding = false

    var connections: [ConnectionID: AgentConnection] = [:]
    var timers: [AgentTimer: LoopTimer] = [:]
    /// While the sink is at work.
    var sinkWork: Task<Void, Never>?
    /// What it is to apply next.
    var nextConfig: AgentRemoteConfig?
    /// The same for the host's connections.
    var connectionsWork: Task<Void, Never>?
    var nextConnections: (hash: OfferHash, offers: ConnectionSettingsOffers)?
    var report: OwnReport
    let news: AsyncStream<AgentNews>.Continuation
    var isFinished = false
    /// The state directory may be another agent's.
    private var isReleased = false
    var waiters: [CheckedContinuation<Void, Never>] = []
    var certificateLook: LoopTimer?
    var presence: PresenceFile

    init(
        agent: Agent, state: StateDirectory, limits: HostConfiguration.MessageLimits,
        certificateFiles: CertificateFiles?, proxy: HostProxy, sink: (any ConfigurationSink)?,
        connectionsSink: (any ConnectionsSink)?, log: AgentLog, loop: EventLoop,
        news: AsyncStream<AgentNews>.Continuation, customMessages: AsyncStream<CustomMessage>.Continuation
    ) {
        self.agent = agent
        self.state = state
        self.limits = limits
        key = state.key
        self.certificateFiles = certificateFiles
        self.proxy = proxy
        self.sink = sink
        self.connectionsSink = connectionsSink
        self.customMessages = customMessages
        self.log = log
        self.loop = loop
        self.news = news
        dialer = Dialer(loop: loop)
        report = agent.configuration.report
        presence = PresenceFile(directory: state.path)
    }

    // MARK: The law

    func take(_ event: AgentEvent) {
        guard !isReleased else { return }
        inbox.append(event)
        guard !isDeciding else { return }
        isDeciding = true
        defer { isDeciding = false }
        while !inbox.isEmpty { decide(inbox.removeFirst()) }
    }

    private func decide(_ event: AgentEvent) {
        let now = clock.now()
        var step = agent.next(after: event, at: now, chance: clock.chance())
        if let save = step.save {
            AgentCrashPoint.reach(.decided)
            if let candidate = save.candidate, candidate.server.settings != agent.state.candidate?.server.settings {
                dialer.prepare(
                    DialSettings(
                        Dial(settings: candidate.server.settings, extraHeaders: []), key: key, proxy: proxy))
            }
            do {
                try state.save(save)
                AgentCrashPoint.reach(.saved)
            } catch {
                note(.error, .storageFailed, ["reason": error.operatorMessage.cause], at: now)
                step = agent.next(after: .saveFailed(during: event), at: now, chance: clock.chance())
            }
        }
        agent = step.agent
        for entry in step.log { publish(entry, at: now) }
        for directive in step.directives {
            carryOut(directive)
            AgentCrashPoint.reach(after: directive)
        }
        notePresence()
    }

    private func carryOut(_ directive: AgentDirective) {
        switch directive {
        case .open(let id, let dial): open(id, dial)
        case .send(let id, let message): send(message, on: id)
        case .close(let id): close(id)
        case .drop(let id): connections.removeValue(forKey: id)?.drop()
        case .verify(let dial, let hash):
            dialer.verify(DialSettings(dial, key: nil, proxy: proxy)) { self.take(.standbyVerified(hash, $0)) }
        case .setTimer(let timer, let delay): setTimer(timer, after: delay)
        case .cancelTimer(let timer): timers.removeValue(forKey: timer)?.cancel()
        case .applyRemoteConfig(let config): apply(config)
        case .applyConnections(let hash, let offers): apply(offers, of: hash)
        case .deliver(let message): customMessages.yield(message)
        case .finish: finish()
        }
    }

    // MARK: Timers

    private func setTimer(_ timer: AgentTimer, after delay: Duration) {
        timers.removeValue(forKey: timer)?.cancel()
        timers[timer] = loop.wake(after: delay) { [weak self] in
            self?.assumeIsolated { shell in
                shell.timers.removeValue(forKey: timer)
                shell.take(.woke(timer))
            }
        }
    }

    // MARK: What is told

    func publish(_ entry: AgentLogEntry, at now: Timestamp) {
        log.write(entry, at: now)
        news.yield(AgentNews(at: now, entry: entry, snapshot: snapshot))
    }

    func note(
        _ level: AgentLogEntry.Level, _ event: AgentLogEvent, _ fields: KeyValuePairs<String, String?>,
        at now: Timestamp
    ) {
        publish(AgentLogEntry(level, event, fields), at: now)
    }

    var snapshot: AgentSnapshot { AgentSnapshot(agent) }

    private func notePresence() {
        presence.note(snapshot.presence(at: clock.now())) {
            loop.wake(after: PresenceFile.delay) { [weak self] in
                self?.assumeIsolated { $0.presence.write() }
            }
        }
    }

    // MARK: The end

    private func finish() {
        isFinished = true
        for timer in timers.values { timer.cancel() }
        timers = [:]
        certificateLook?.cancel()
        let left = connections.values
        connections = [:]
        for connection in left { connection.drop() }
        presence.remove()
        news.finish()
        customMessages.finish()
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    func waitUntilFinished() async {
        guard !isFinished else { return }
        await withCheckedContinuation { waiters.append($0) }
    }

    /// Says that nothing comes any more.
    func release() {
        isReleased = true
        state.release()
    }
}
