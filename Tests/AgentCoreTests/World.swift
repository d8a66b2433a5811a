import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// How a server treats one connection.
enum Behaviour: Equatable {
    case works
    /// The line never comes up.
    case fails(DialFailure)
    /// Neither success nor failure of the dial is ever heard of.
    case blackHole
    /// Up, and then nothing.
    case silent
    case closes(code: UInt16?)
    case nonsense
    case errors(ServerErrorResponse)
    case namesAnother
    /// Answers without an `instance_uid`.
    case namesNobody
    case renames([UInt8])
}

/// A server with the patience to do exactly what a test says.
struct FakeServer {
    /// One entry a connection; the last one stays.
    var behaviour: [Behaviour] = [.works]
    var capabilities: ServerCapabilities = [
        .acceptsStatus, .offersConnectionSettings, .acceptsConnectionSettingsRequest,
    ]
    var customCapabilities: [String] = [MoveMessage.capability]
    /// Sent with every answer until the agent has reported a verdict for its hash.
    var offer: ConnectionSettingsOffers?
    /// Merged into the next answer, once.
    var nextAnswer: ServerToAgent?
    var answersEveryMessage = false
    var dials: [Dial] = []
    var received: [AgentToServer] = []
    var closes = 0

    var statuses: [ConnectionSettingsStatus] { received.compactMap(\.connectionSettingsStatus) }

    func isSettled(_ offer: ConnectionSettingsOffers) -> Bool {
        statuses.contains { $0.lastConnectionSettingsHash == offer.hash && $0.status != .unset }
    }
}

/// The shell's law, played with a pretended disk, clock, timers and servers; it checks the invariants at every step.
struct World {
    var agent: Agent
    var disk: AgentState
    var diskWorks = true
    var isReadOnlyFor: ((AgentState) -> Bool)?
    /// A save that fails is on the disk all the same: only the last sync of its directory went wrong.
    var landsAnyway = false
    /// Something landed so, and has not been written over.
    private var hasLanded = false
    var now: Timestamp
    var servers: [String: FakeServer] = [:]
    var line: (id: ConnectionID, dial: Dial, behaviour: Behaviour)?
    var queue: [AgentEvent] = []
    var timers: [AgentTimer: Duration] = [:]
    var clock: Duration = .zero
    var log: [AgentLogEntry] = []
    /// Dials that verify a standby server, and what comes of the next ones.
    var verified: [Dial] = []
    var standbyFailure: DialFailure?
    /// Everything that reached a network, in order.
    var trace: [String] = []
    var directives: [AgentDirective] = []
    var saves: [AgentState] = []
    var isFinished = false
    var random: SeededRandom
    /// Dies right after this many more saves.
    var savesUntilCrash: Int?
    var crashed = false

    init(_ configuration: AgentConfiguration, state: AgentState? = nil, seed: UInt64 = 1) {
        let state = state ?? AgentState(instanceUID: Authorities.shared.uid, configuration: configuration)
        disk = state
        agent = Agent(state: state, configuration: configuration)
        now = Authorities.shared.now
        random = SeededRandom(seed)
        for authority in [Authorities.shared.source, Authorities.shared.target, Authorities.shared.third] {
            servers[authority.endpoint.host] = FakeServer()
        }
    }

    var source: FakeServer {
        get { servers["source.example", default: FakeServer()] }
        set { servers["source.example"] = newValue }
    }
    var target: FakeServer {
        get { servers["target.example", default: FakeServer()] }
        set { servers["target.example"] = newValue }
    }
    var third: FakeServer {
        get { servers["third.example", default: FakeServer()] }
        set { servers["third.example"] = newValue }
    }

    // MARK: Running

    /// One event, with everything that follows without time passing.
    mutating func run(_ event: AgentEvent) {
        queue.append(event)
        while !queue.isEmpty, !crashed { feed(queue.removeFirst()) }
    }

    mutating func start() { run(.started) }

    /// Lets time pass, alarm by alarm.
    mutating func advance(_ span: Duration, until done: (World) -> Bool = { _ in false }) {
        let end = clock + span
        while !crashed, !done(self),
            let next = timers.min(by: { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }),
            next.value <= end
        {
            now = now + (max(next.value, clock) - clock)
            clock = max(next.value, clock)
            timers[next.key] = nil
            run(.woke(next.key))
        }
        guard !crashed, !done(self), clock < end else { return }
        now = now + (end - clock)
        clock = end
    }

    /// The process dies and comes back with what is on the disk.
    mutating func restart(after span: Duration = .seconds(1)) {
        agent = Agent(state: disk, configuration: agent.configuration)
        line = nil
        usedLine = nil
        hasTakenLeave = nil
        trying = nil
        queue = []
        timers = [:]
        crashed = false
        savesUntilCrash = nil
        isFinished = false
        now = now + span
        start()
    }

    mutating func feed(_ event: AgentEvent) {
        var step = agent.next(after: event, at: now, chance: random.next())
        if let state = step.save {
            if diskWorks, isReadOnlyFor?(state) != true {
                check(saving: state, after: event)
                disk = state
                hasLanded = false
                saves.append(state)
                if let left = savesUntilCrash {
                    savesUntilCrash = left - 1
                    if left <= 1 {
                        crashed = true
                        return
                    }
                }
            } else {
                if landsAnyway { (disk, hasLanded) = (state, true) }
                step = agent.next(after: .saveFailed(during: event), at: now, chance: random.next())
                #expect(step.save == nil, "an agent that cannot write asks for no save")
            }
        }
        agent = step.agent
        checkDeadline()
        log += step.log
        directives += step.directives
        for directive in step.directives { carryOut(directive) }
        checkSecrets(in: step.log)
    }

    private mutating func carryOut(_ directive: AgentDirective) {
        switch directive {
        case .open(let id, let dial):
            #expect(line == nil, "A4: a line is ordered while another is up")
            let host = dial.settings.endpoint.host
            trace.append("dial \(host)")
            var server = servers[host, default: FakeServer()]
            let behaviour = server.behaviour[0]
            if server.behaviour.count > 1 { server.behaviour.removeFirst() }
            server.dials.append(dial)
            servers[host] = server
            line = (id, dial, behaviour)
            switch behaviour {
            case .fails(let failure):
                line = nil
                queue.append(.ended(id, .failed(failure)))
            case .blackHole: break
            case .closes(let code):
                line = nil
                queue += [.opened(id), .ended(id, .closed(code: code, reason: ""))]
            case .works, .silent, .nonsense, .errors, .namesAnother, .namesNobody, .renames: queue.append(.opened(id))
            }
        case .send(let id, let message):
            guard let line, line.id == id else { return }
            #expect(hasTakenLeave != id, "agent_disconnect is the last message")
            if message.agentDisconnect { hasTakenLeave = id }
            let host = line.dial.settings.endpoint.host
            trace.append("\(host) <- \(message.summary)")
            answer(message, at: host, id: id, behaviour: line.behaviour)
        case .close(let id):
            guard let line, line.id == id else { return }
            trace.append("close \(line.dial.settings.endpoint.host)")
            servers[line.dial.settings.endpoint.host]?.closes += 1
            self.line = nil
            queue.append(.ended(id, .closed(code: 1000, reason: "")))
        case .drop(let id):
            guard let line, line.id == id else { return }
            trace.append("drop \(line.dial.settings.endpoint.host)")
            self.line = nil
        case .setTimer(let timer, let span): timers[timer] = clock + max(span, .zero)
        case .cancelTimer(let timer): timers[timer] = nil
        case .finish: isFinished = true
        case .verify(let dial, let hash):
            verified.append(dial)
            queue.append(.standbyVerified(hash, standbyFailure))
        case .applyRemoteConfig, .applyConnections, .deliver: break
        }
    }

    private mutating func answer(_ message: AgentToServer, at host: String, id: ConnectionID, behaviour: Behaviour) {
        var server = servers[host, default: FakeServer()]
        let isFirst = usedLine != id
        usedLine = id
        server.received.append(message)
        defer { servers[host] = server }
        let isHTTP = line?.dial.settings.endpoint.isWebSocket == false
        guard
            isFirst || isHTTP || server.answersEveryMessage || server.nextAnswer != nil
                || message.connectionSettingsRequest != nil
        else { return }
        guard !message.agentDisconnect || isHTTP else { return }
        var reply = server.nextAnswer ?? ServerToAgent()
        server.nextAnswer = nil
        reply.instanceUID = message.instanceUID
        reply.capabilities = server.capabilities
        reply.customCapabilities = CustomCapabilities(capabilities: server.customCapabilities)
        if let offer = server.offer, !server.isSettled(offer) { reply.connectionSettings = offer }
        switch behaviour {
        case .works: queue.append(.received(id, reply))
        case .nonsense: queue.append(.receivedNonsense(id, detail: "not protobuf"))
        case .errors(let error): queue.append(.received(id, ServerToAgent(errorResponse: error)))
        case .namesAnother:
            reply.instanceUID = [UInt8](repeating: 0xEE, count: 16)
            queue.append(.received(id, reply))
        case .namesNobody:
            reply.instanceUID = []
            queue.append(.received(id, reply))
        case .renames(let uid):
            reply.agentIdentification = AgentIdentification(newInstanceUID: uid)
            queue.append(.received(id, reply))
        case .silent, .blackHole, .fails, .closes: break
        }
    }

    /// The line that has carried a message already.
    private var usedLine: ConnectionID?
    private var hasTakenLeave: ConnectionID?
    /// The offer being tried in this process, and since when.
    private var trying: (hash: OfferHash, since: Duration)?

    /// The server of the present line says something unasked.
    mutating func say(_ message: ServerToAgent) {
        guard let id = line?.id else {
            Issue.record("there is no line to say it on")
            return
        }
        var message = message
        message.instanceUID = agent.state.instanceUID.bytes
        run(.received(id, message))
    }

    mutating func offer(_ offers: ConnectionSettingsOffers) {
        say(ServerToAgent(connectionSettings: offers))
    }

    mutating func breakLine(_ failure: DialFailure = DialFailure(.tcp)) {
        guard let id = line?.id else { return }
        line = nil
        run(.ended(id, .failed(failure)))
    }

    // MARK: Invariants

    private func check(saving state: AgentState, after event: AgentEvent) {
        if let back = try? AgentState(decoding: state.encoded) {
            #expect(back == state, "the state survives its file")
        } else {
            Issue.record("the state cannot be read back")
        }
        // What landed was never acted on, so nothing follows from it.
        guard !hasLanded else { return }
        let old = disk.active.settings
        let isFromFile = event == .started && !disk.hasAdopted
        if old.endpoint != state.active.settings.endpoint, !isFromFile {
            guard case .received(let id, _) = event, let line, line.id == id else {
                Issue.record("A2: the active endpoint changed without an answer")
                return
            }
            #expect(line.dial.settings == state.active.settings, "A2: what became active is what was verified")
            #expect(disk.candidate?.server == state.active || disk.previous == state.active)
        }
        if state.probation?.isHandover == true {
            #expect(state.instanceUID == disk.instanceUID, "A3: the uid is kept until the handover has settled")
            #expect(state.active.settings.leaf?.leaf == old.leaf?.leaf, "A3: the leaf is kept")
        }
        for server in [state.active, state.previous, state.candidate?.server, state.standby?.server].compactMap(\.self)
        {
            #expect(!server.settings.skipsVerification, "A6")
            #expect(server.settings.endpoint.isTLS, "A6")
            #expect(server.settings.tls.minimum >= .tls12, "A6")
        }
    }

    private mutating func checkDeadline() {
        guard let candidate = agent.state.candidate else {
            trying = nil
            return
        }
        if let trying, trying.hash == candidate.hash {
            #expect(clock - trying.since <= .seconds(30), "A5: nobody extends the deadline of a verdict")
        } else {
            trying = (candidate.hash, clock)
        }
    }

    private func checkSecrets(in entries: [AgentLogEntry]) {
        for entry in entries {
            #expect(!"\(entry)".contains("canary"), "T9: \(entry.event)")
            #expect(!"\(entry)".contains("opamp-ho."), "T9: \(entry.event)")
        }
    }

    func logged(_ event: AgentLogEvent) -> AgentLogEntry? { log.last { $0.event == event } }
}

extension World: CustomTestStringConvertible {
    var testDescription: String { "a world in which the agent is \(agent.phase)" }
}

extension AgentToServer {
    /// The sections of a message, as a test reads them.
    var summary: String {
        let parts: [(String, Bool)] = [
            ("description", agentDescription != nil), ("health", health != nil), ("config", effectiveConfig != nil),
            ("remote", remoteConfigStatus != nil), ("custom", customCapabilities != nil),
            (connectionSettingsStatus.map { "\($0.status)" } ?? "", connectionSettingsStatus != nil),
            ("csr", connectionSettingsRequest != nil), ("standing", customMessage != nil),
            ("disconnect", agentDisconnect),
        ]
        return parts.filter(\.1).map(\.0).joined(separator: " ")
    }
}

/// SplitMix64: small, and the same everywhere.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
