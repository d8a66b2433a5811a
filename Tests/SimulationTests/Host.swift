import AgentCore
import Certificates
import OpAMPProto
import ServerCore
import Vocabulary

/// One host with its agent: the product's core and the shell's law around it, over a disk, timers and a network of
/// the world's. Only `disk` and `snapshot` survive a crash.
final class Host {
    unowned let world: World
    let index: Int
    /// Whose identity it holds; a copy has that of another host.
    let agentNumber: Int
    let file: AgentConfiguration
    var disk: AgentState
    /// An image of the whole host, taken some time ago.
    var snapshot: AgentState?
    /// Its state is an image's, and no server has answered it as its own since.
    var isUntold = false
    var isDiskBroken = false
    /// Of another make: it does not say that it knows handovers.
    var isTerse = false
    var skew: Int64 = 0
    /// Destroyed, or never to be started again.
    private(set) var isGone = false
    /// `enroll --renew` is at work instead of the agent.
    private(set) var isRenewing = false

    // Volatile
    private(set) var agent: Agent?
    private(set) var life = 0
    private(set) var line: Line?
    private var timers: [AgentTimer: Int] = [:]
    private var timerCount = 0
    /// The candidate being tried by this process, and since when.
    private(set) var trial: (hash: OfferHash, since: Int64)?
    private(set) var recentDials: [Int64] = []

    init(_ index: Int, in world: World, isPolling: Bool) {
        (self.index, agentNumber, self.world) = (index, index, world)
        file = Places.shared.configuration(of: index, leaf: world.firstLeaves[index], isPolling: isPolling)
        disk = AgentState(instanceUID: Places.shared.births[index].uid, configuration: file)
        world.truth.newestLeaf[index] = world.firstLeaves[index].fingerprint
        world.truth.committed.insert(.init(agent: index, server: world.servers[0].place.id))
    }

    /// Another host that starts with a copy of the state directory.
    init(_ index: Int, copying original: Host) {
        (self.index, agentNumber, world) = (index, original.agentNumber, original.world)
        (file, disk, isTerse) = (original.file, original.disk, original.isTerse)
        isUntold = true
        let (verified, failed) = (world.truth.verified, world.truth.failedOffers)
        world.truth.verified.formUnion(
            verified.filter { $0.host == original.index }.map { .init(host: index, endpoint: $0.endpoint) })
        for (offer, known) in failed where offer.host == original.index {
            world.truth.failedOffers[.init(host: index, hash: offer.hash)] = known
        }
    }

    private var configuration: AgentConfiguration {
        var configuration = file
        // An agent of another make knows no statement that could name new CAs.
        if isTerse { configuration.policy.requiresToken = .never }
        if isRenewing { configuration.timings.renewal = .seconds(100 * 365 * 86_400) }
        return configuration
    }

    var wall: Timestamp { Places.shared.start + .milliseconds(world.now + skew) }
    var isUp: Bool { agent != nil }

    // MARK: Life

    func start() {
        guard agent == nil, !isGone else { return }
        life += 1
        agent = Agent(state: disk, configuration: configuration)
        feed(.started)
    }

    func crash(for milliseconds: Int64) {
        guard agent != nil else { return }
        world.note("host \(index) crashes for \(milliseconds / 1000) s")
        world.tally.count("agent crashes")
        agent = nil
        life += 1
        timers = [:]
        trial = nil
        recentDials = []
        if let line { world.hangUp(line) }
        line = nil
        world.after(milliseconds) { self.start() }
    }

    /// The host asks its agent to end, and starts it again.
    func restart() {
        guard agent != nil else { return }
        world.note("host \(index) is restarted")
        world.tally.count("polite restarts")
        if line?.isPolling == true { world.tally.count("polite restarts of polling agents") }
        feed(.stopRequested)
    }

    /// The host is never seen again.
    func goAway() {
        crash(for: 0)
        isGone = true
        world.note("host \(index) goes away")
        world.tally.count("hosts gone")
    }

    /// An operator runs `enroll --renew` for a minute at most.
    func renew() {
        guard agent != nil, !isRenewing else { return }
        world.tally.count("renewals asked for")
        isRenewing = true
        restart()
        world.after(world.dice.milliseconds(60_000...150_000)) {
            self.isRenewing = false
            self.restart()
        }
    }

    private func finish() {
        agent = nil
        life += 1
        timers = [:]
        trial = nil
        if let line { world.hangUp(line) }
        line = nil
        world.after(world.dice.milliseconds(100...90_000)) { self.start() }
    }

    /// The host is put back to an older image of itself.
    func restore() {
        guard let snapshot else { return }
        world.note("host \(index) is restored from a snapshot with epoch \(snapshot.epoch)")
        world.tally.count("agents restored")
        world.truth.copied.insert(agentNumber)
        crash(for: 1000)
        disk = snapshot
        isUntold = true
        if let server = world.server(at: disk.active.settings.endpoint) {
            world.truth.committed.insert(.init(agent: agentNumber, server: server.place.id))
        }
        world.truth.failedOffers = world.truth.failedOffers.filter { $0.key.host != index }
    }

    // MARK: The shell's law

    private func feed(_ event: AgentEvent) {
        guard let agent, world.violation == nil else { return }
        var couldSave = true
        world.tally.reach(.agent, agent.phaseName, event.kind)
        var step = agent.next(after: event, at: wall, chance: world.dice.next())
        step.spoil(by: world.broken, before: agent)
        if let state = step.save {
            if isDiskBroken || world.strikes(permille: 4) {
                couldSave = false
                world.tally.count("saves that failed")
                world.note("host \(index) cannot save")
                step = agent.next(after: .saveFailed(during: event), at: wall, chance: world.dice.next())
                world.check(.A5, step.save == nil, "an agent that cannot write asks for a save")
            } else {
                if world.strikes(permille: 10) { return crash(for: world.dice.milliseconds(100...40_000)) }
                world.checkSave(state, after: event, on: self)
                var failed = false
                for offer in state.failedOffers {
                    let key = Truth.Offer(host: index, hash: offer.verdict.hash)
                    failed = world.truth.failedOffers.updateValue(offer, forKey: key) != offer || failed
                }
                if world.broken == .forgottenVerdicts, failed {
                    disk = state
                    disk.failedOffers = []
                    return crash(for: 500)
                }
                let isAdoption = state.active != disk.active
                if let leaf = state.active.settings.leaf?.leaf.fingerprint,
                    leaf != disk.active.settings.leaf?.leaf.fingerprint
                {
                    world.truth.newestLeaf[agentNumber] = leaf
                    world.tally.count("leaves adopted")
                }
                if isAdoption { adopted(state) }
                if world.broken != .adoptedWithoutSave || !isAdoption { disk = state }
                if world.strikes(permille: 10) { return crash(for: world.dice.milliseconds(100...40_000)) }
            }
        }
        self.agent = step.agent
        for entry in step.log { log(entry) }
        for directive in step.directives {
            guard self.agent != nil else { return }
            carryOut(directive)
        }
        noteTrial()
        world.checkAgent(self, after: event)
        if couldSave { world.checkMemory(of: self, since: agent) }
    }

    private func adopted(_ state: AgentState) {
        world.note("host \(index) adopts \(state.active.settings.endpoint.host), epoch \(state.epoch)")
        world.tally.count("adoptions")
        guard let server = world.server(at: state.active.settings.endpoint) else { return }
        world.truth.committed.insert(.init(agent: agentNumber, server: server.place.id))
        guard let before = world.server(at: disk.active.settings.endpoint), before !== server else { return }
        world.tally.count("moves")
        if before.tables.keys.keys.count > 1 || server.tables.keys.keys.count > 1 {
            world.tally.count("moves while keys are replaced")
        }
    }

    private func noteTrial() {
        guard let candidate = agent?.state.candidate else { return trial = nil }
        if trial?.hash != candidate.hash { trial = (candidate.hash, world.now) }
    }

    private func log(_ entry: AgentLogEntry) {
        guard world.isTracing, entry.level > .info else { return }
        // An offer's hash depends on the nonce of its signature, which no seed decides.
        let fields = entry.fields.filter { $0.name != "offer" }.map {
            " \($0.name)=\($0.value.withoutDigests.prefix(120))"
        }
        world.note("host \(index) \(entry.event.rawValue)\(fields.joined())")
    }

    private func carryOut(_ directive: AgentDirective) {
        switch directive {
        case .open(let number, let dial):
            world.checkDial(dial, on: self)
            recentDials = recentDials.filter { $0 > world.now - 10_000 } + [world.now]
            guard let server = world.server(at: dial.settings.endpoint) else { return }
            let line = Line(number, host: index, server: server.index, dial: dial)
            self.line = line
            if line.isPolling {
                world.after(0) { self.opened(line) }
            } else {
                world.connect(line)
            }
        case .send(let number, var message):
            guard let line, line.number == number else { return }
            if isTerse { abbreviate(&message, to: line) }
            if message.connectionSettingsStatus != nil || message.agentDisconnect {
                world.note(
                    "host \(index) -> \(world.servers[line.server].place.name): "
                        + "\(message.connectionSettingsStatus.map { "\($0.status) \($0.errorMessage)" } ?? "")"
                        + (message.agentDisconnect ? " goodbye" : ""))
            }
            if world.strikes(permille: 2) { return fail(to: message, over: line) }
            if line.isPolling { return world.poll(line, message) }
            line.toServer(in: world) { [world] in
                if let session = line.session { world.servers[line.server].received(message, from: session) }
            }
        case .close(let number):
            guard let line, line.number == number else { return }
            if line.isPolling { return endRun(line) }
            line.toServer(in: world) { [world] in
                world.endSession(of: line, .lost)
                line.toHost(in: world) { self.ended(line, .closed(code: 1000, reason: "")) }
            }
        case .drop(let number):
            guard let line, line.number == number, !world.breaks(.keptConnection) else { return }
            self.line = nil
            world.hangUp(line)
        case .setTimer(let timer, let span): set(timer, after: span.wholeMilliseconds)
        case .cancelTimer(let timer): timers[timer] = nil
        case .finish: finish()
        case .verify, .applyRemoteConfig, .applyConnections, .deliver: break
        }
    }

    /// A run of polls has nothing to close: it is over at once, and the agent hears of it later.
    private func endRun(_ line: Line) {
        line.atHost = .gone
        self.line = nil
        let life = life
        world.after(0) { if self.life == life { self.feed(.ended(line.number, .closed(code: nil, reason: ""))) } }
    }

    /// The connection does not take the message. Only a full report can be too large.
    private func fail(to message: AgentToServer, over line: Line) {
        let refusals: [SendRefusal] =
            [.notOpen, .queueFull] + (message.agentDescription == nil ? [] : [.tooLarge(limit: 1)])
        let refusal = world.dice.pick(refusals)
        world.after(0) { if self.line === line { self.feed(.sendFailed(line.number, refusal)) } }
    }

    /// The host has something new to say.
    func changeReport() {
        guard agent != nil else { return }
        var report = file.report
        report.health = ComponentHealth(healthy: world.dice.chance(permille: 500))
        feed(.reportChanged(report))
    }

    /// As an agent that knows no handovers: nothing says so, and to a server that it only tries it still speaks of the
    /// offer before.
    private func abbreviate(_ message: inout AgentToServer, to line: Line) {
        message.customCapabilities = nil
        guard message.connectionSettingsStatus?.status == .applying, let agent,
            line.dial.settings.endpoint == agent.state.candidate?.server.settings.endpoint
        else { return }
        let last = agent.state.verdict?.status
        message.connectionSettingsStatus = last?.status == .applied ? last : nil
    }

    private func set(_ timer: AgentTimer, after milliseconds: Int64) {
        if world.breaks(.endlessTrial), timer == .verification { return }
        if world.breaks(.forgottenRetry), timer == .retry, world.strikes(permille: 100) { return }
        timerCount += 1
        let (number, life) = (timerCount, life)
        timers[timer] = number
        let span = timer == .heartbeat ? max(milliseconds, leastHeartbeat) : milliseconds
        world.after(span) {
            guard self.life == life, self.timers[timer] == number else { return }
            self.timers[timer] = nil
            self.feed(.woke(timer))
        }
    }

    /// Signs of life decide nothing here; fewer of them make more schedules. Polls have to come before the server takes
    /// their agent for gone.
    private var leastHeartbeat: Int64 {
        if world.isQuiet { return 6 * 3_600_000 }
        if line?.isPolling == true { return world.isCalm ? 280_000 : 40_000 }
        return world.isCalm ? 3_600_000 : 120_000
    }

    /// The time in which it said little is over.
    func speakSoon() {
        if isSet(.heartbeat) { set(.heartbeat, after: 0) }
    }

    func isSet(_ timer: AgentTimer) -> Bool { timers[timer] != nil }

    // MARK: What the line says

    func opened(_ line: Line) {
        guard self.line === line, line.atHost == .dialing else { return }
        line.atHost = .open
        feed(.opened(line.number))
        if world.breaks(.adoptedUnverified), let agent, agent.state.candidate != nil {
            feed(.received(line.number, ServerToAgent(instanceUID: agent.state.instanceUID.bytes)))
        }
    }

    func received(_ line: Line, _ message: ServerToAgent) {
        guard self.line === line, line.atHost == .open else { return }
        if world.strikes(permille: 2) { return feed(.receivedNonsense(line.number, detail: "not OpAMP")) }
        var message = message
        if world.strikes(permille: 1) { message.instanceUID = Places.shared.births[2 - agentNumber % 2].uid.bytes }
        if world.strikes(permille: 1) { message.instanceUID = [] }
        if message.errorResponse == nil, message.instanceUID == agent?.state.instanceUID.bytes {
            world.truth.verified.insert(.init(host: index, endpoint: line.dial.settings.endpoint))
        }
        feed(.received(line.number, message))
    }

    func ended(_ line: Line, _ end: ConnectionEnd) {
        guard line.atHost != .gone else { return }
        line.atHost = .gone
        line.isRequestOpen = false
        if !line.isPolling { world.endSessionSoon(of: line) }
        guard self.line === line else { return }
        self.line = nil
        feed(.ended(line.number, end))
    }
}

extension World {
    /// The agent's end has closed; the server sees it unless the way is cut.
    fileprivate func endSessionSoon(of line: Line) {
        if line.isCut {
            after(dice.milliseconds(100...90_000)) { self.endSession(of: line, .lost) }
        } else {
            line.toServer(in: self) { self.endSession(of: line, .lost) }
        }
    }
}
