import AgentCore
import OpAMPProto
import ServerCore
import Vocabulary

/// One host with its agent: the product's core and the shell's law around it, over a disk, timers and a network of
/// the world's. Only `disk` and `snapshot` survive a crash.
final class Host {
    unowned let world: World
    let index: Int
    let configuration: AgentConfiguration
    var disk: AgentState
    /// An image of the whole host, taken some time ago.
    var snapshot: AgentState?
    var isDiskBroken = false
    /// It does not say that it knows handovers.
    var isTerse = false
    var skew: Int64 = 0

    // Volatile
    private(set) var agent: Agent?
    private(set) var life = 0
    private(set) var line: Line?
    private var timers: [AgentTimer: Int] = [:]
    private var timerCount = 0
    /// The candidate being tried by this process, and since when.
    private(set) var trial: (hash: OfferHash, since: Int64)?
    private(set) var recentDials: [Int64] = []

    init(_ index: Int, in world: World) {
        self.index = index
        self.world = world
        configuration = Places.shared.configuration(of: index)
        disk = AgentState(instanceUID: Places.shared.births[index].uid, configuration: configuration)
    }

    var wall: Timestamp { Places.shared.start + .milliseconds(world.now + skew) }
    var isUp: Bool { agent != nil }

    // MARK: Life

    func start() {
        guard agent == nil else { return }
        life += 1
        agent = Agent(state: disk, configuration: configuration)
        feed(.started)
    }

    func crash(for milliseconds: Int64) {
        guard agent != nil else { return }
        world.note("agent \(index) crashes for \(milliseconds / 1000) s")
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
        world.note("agent \(index) is restarted")
        world.tally.count("polite restarts")
        feed(.stopRequested)
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
        world.note("agent \(index) is restored from a snapshot with epoch \(snapshot.epoch)")
        world.tally.count("agents restored")
        crash(for: 1000)
        disk = snapshot
        world.truth.failedOffers = world.truth.failedOffers.filter { $0.host != index }
    }

    // MARK: The shell's law

    private func feed(_ event: AgentEvent) {
        guard let agent, world.violation == nil else { return }
        var couldSave = true
        var step = agent.next(after: event, at: wall, chance: world.dice.next())
        if let state = step.save {
            if isDiskBroken || world.strikes(permille: 4) {
                couldSave = false
                world.tally.count("saves that failed")
                world.note("agent \(index) cannot save")
                step = agent.next(after: .saveFailed(during: event), at: wall, chance: world.dice.next())
                world.check(.A5, step.save == nil, "an agent that cannot write asks for a save")
            } else {
                if world.strikes(permille: 10) { return crash(for: world.dice.milliseconds(100...40_000)) }
                world.checkSave(state, after: event, on: self)
                var failed = false
                for verdict in state.verdicts where verdict.outcome != .applied {
                    failed = world.truth.failedOffers.insert(.init(host: index, hash: verdict.hash)).inserted || failed
                }
                if world.broken == .forgottenVerdicts, failed {
                    disk = state
                    disk.verdicts = []
                    return crash(for: 500)
                }
                let isAdoption = state.active != disk.active
                if world.broken != .adoptedWithoutSave || !isAdoption { disk = state }
                if isAdoption { adopted(state) }
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
        world.note("agent \(index) adopts \(state.active.settings.endpoint.host), epoch \(state.epoch)")
        world.tally.count("adoptions")
        let endpoint = state.active.settings.endpoint
        guard let place = Places.shared.places.first(where: { $0.endpoint == endpoint }) else { return }
        world.truth.committed.insert(.init(host: index, server: place.id))
    }

    private func noteTrial() {
        guard let candidate = agent?.state.candidate else { return trial = nil }
        if trial?.hash != candidate.hash { trial = (candidate.hash, world.now) }
    }

    private func log(_ entry: AgentLogEntry) {
        guard world.isTracing, entry.level > .info else { return }
        // An offer's hash depends on the nonce of its signature, which no seed decides.
        let fields = entry.fields.filter { $0.name != "offer" }.map { " \($0.name)=\($0.value.prefix(120))" }
        world.note("agent \(index) \(entry.event.rawValue)\(fields.joined())")
    }

    private func carryOut(_ directive: AgentDirective) {
        switch directive {
        case .open(let number, let dial):
            world.checkDial(dial, on: self)
            recentDials = recentDials.filter { $0 > world.now - 10_000 } + [world.now]
            let host = dial.settings.endpoint.host
            guard let server = world.servers.firstIndex(where: { $0.place.endpoint.host == host }) else { return }
            let line = Line(number, host: index, server: server, dial: dial)
            self.line = line
            world.connect(line)
        case .send(let number, var message):
            guard let line, line.number == number else { return }
            if isTerse { abbreviate(&message, to: line) }
            if message.connectionSettingsStatus != nil || message.agentDisconnect {
                world.note(
                    "agent \(index) -> \(world.servers[line.server].place.name): "
                        + "\(message.connectionSettingsStatus.map { "\($0.status) \($0.errorMessage)" } ?? "")"
                        + (message.agentDisconnect ? " goodbye" : ""))
            }
            line.toServer(in: world) { [world] in
                if let session = line.session { world.servers[line.server].received(message, from: session) }
            }
        case .close(let number):
            guard let line, line.number == number else { return }
            line.toServer(in: world) { [world] in
                world.endSession(of: line, .lost)
                line.toHost(in: world) { self.ended(line, .closed(code: 1000, reason: "")) }
            }
        case .drop(let number):
            guard let line, line.number == number else { return }
            self.line = nil
            world.hangUp(line)
        case .setTimer(let timer, let span): set(timer, after: span.wholeMilliseconds)
        case .cancelTimer(let timer): timers[timer] = nil
        case .finish: finish()
        case .applyRemoteConfig: break
        }
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
        timerCount += 1
        let (number, life) = (timerCount, life)
        timers[timer] = number
        // Signs of life decide nothing here; fewer of them make more schedules.
        let span = timer == .heartbeat ? max(milliseconds, world.isCalm ? 3_600_000 : 120_000) : milliseconds
        world.after(span) {
            guard self.life == life, self.timers[timer] == number else { return }
            self.timers[timer] = nil
            self.feed(.woke(timer))
        }
    }

    func isSet(_ timer: AgentTimer) -> Bool { timers[timer] != nil }

    // MARK: What the line says

    func opened(_ line: Line) {
        guard self.line === line, line.atHost == .dialing else { return }
        line.atHost = .open
        feed(.opened(line.number))
    }

    func received(_ line: Line, _ message: ServerToAgent) {
        guard self.line === line, line.atHost == .open else { return }
        if message.errorResponse == nil, message.instanceUID == agent?.state.instanceUID.bytes {
            world.truth.verified.insert(.init(host: index, endpoint: line.dial.settings.endpoint))
        }
        feed(.received(line.number, message))
    }

    func ended(_ line: Line, _ end: ConnectionEnd) {
        guard line.atHost != .gone else { return }
        line.atHost = .gone
        world.endSessionSoon(of: line)
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
