import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// Every phase x every event has a stated outcome: a row is an event, a column the phase before, a cell the phase
/// after; `=` is "the same phase".
@Suite struct TransitionTableTests {
    static let phases = [
        "idle", "wait", "wait*", "dial", "dial*", "report", "report*", "online", "leave>*", "leave>stop", "stopped",
    ]

    /// `*` marks the candidate's side.
    static let table: [(String, [String])] = [
        ("started",             ["dial", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("opened",              ["=", "=", "=", "report", "report*", "=", "=", "=", "=", "=", "="]),
        ("answer",              ["=", "=", "=", "=", "=", "online", "online", "=", "=", "=", "="]),
        ("answer with offer",   ["=", "=", "=", "=", "=", "leave>*", "leave>*", "leave>*", "=", "=", "="]),
        ("unavailable",         ["=", "=", "=", "=", "=", "leave>wait", "leave>wait*", "leave>wait", "=", "=", "="]),
        ("bad request",         ["=", "=", "=", "=", "=", "online", "leave>", "=", "=", "=", "="]),
        ("another uid",         ["=", "=", "=", "=", "=", "=", "leave>", "=", "=", "=", "="]),
        ("nonsense",            ["=", "=", "=", "=", "=", "wait", "dial", "wait", "=", "=", "="]),
        ("too large",           ["=", "=", "=", "=", "=", "=", "leave>", "=", "=", "=", "="]),
        ("unusable",            ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("closed",              ["=", "=", "=", "wait", "dial", "wait", "dial", "wait", "dial*", "stopped", "="]),
        ("refused",             ["=", "=", "=", "wait", "wait*", "wait", "wait*", "wait", "dial*", "stopped", "="]),
        ("untrusted",           ["=", "=", "=", "wait", "dial", "wait", "dial", "wait", "dial*", "stopped", "="]),
        ("woke heartbeat",      ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("woke retry",          ["=", "dial", "dial*", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("woke answer",         ["=", "=", "=", "=", "=", "wait", "=", "=", "=", "=", "="]),
        ("woke verification",   ["=", "=", "dial", "=", "dial", "=", "leave>", "=", "dial", "=", "="]),
        ("woke leaving",        ["=", "=", "=", "=", "=", "=", "=", "=", "dial*", "stopped", "="]),
        ("woke stable",         ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("woke probation",      ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("woke lost",           ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("woke provoked",       ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("report changed",      ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("config applied",      ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("config failed",       ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("stop",                ["stopped", "stopped", "stopped", "stopped", "stopped", "leave>stop", "leave>stop*",
                                 "leave>stop", "leave>stop", "=", "="]),
        ("stale line",          ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
    ]

    @Test(arguments: table.indices)
    func `every phase has a stated outcome for`(row: Int) throws {
        let (name, cells) = Self.table[row]
        try #require(cells.count == Self.phases.count)
        for (phase, cell) in zip(Self.phases, cells) {
            let agent = try agent(in: phase)
            try #require(Self.name(of: agent.phase) == phase)
            let event = try event(name, for: agent)
            for event in [event, .saveFailed(during: event)] {
                let step = agent.next(after: event, at: Authorities.shared.now, chance: 1 << 62)
                if case .saveFailed = event {
                    #expect(step.save == nil)
                } else {
                    #expect(Self.name(of: step.agent.phase) == (cell == "=" ? phase : cell), "\(phase), \(name)")
                }
                Self.checkLine(of: step, before: agent)
            }
        }
    }

    @Test func `the table has a row for every event and every timer`() {
        let rows = Set(Self.table.map(\.0))
        #expect(AgentTimer.allCases.allSatisfy { rows.contains("woke \($0.rawValue)") })
    }

    /// Whatever happens, orders are for the line there is, and there is never a second one.
    static func checkLine(of step: AgentStep, before: Agent) {
        var open = before.phase.line?.id
        for directive in step.directives {
            switch directive {
            case .open(let id, _): open = id
            case .send(let id, _), .close(let id): #expect(id == open)
            case .drop(let id):
                #expect(id == open)
                open = nil
            case .setTimer, .cancelTimer, .applyRemoteConfig, .finish: break
            }
        }
    }

    // MARK: Making each phase

    private func agent(in phase: String) throws -> Agent {
        let all = Authorities.shared
        var world = World(try all.configuration())
        func move(_ behaviour: Behaviour) throws {
            world.start()
            world.target.behaviour = [behaviour]
            world.offer(try all.handover())
        }
        switch phase {
        case "idle": break
        case "wait":
            world.source.behaviour = [.fails(LineFailure(cause: .tcp))]
            world.start()
        case "wait*": try move(.fails(LineFailure(cause: .tcp)))
        case "dial":
            world.source.behaviour = [.blackHole]
            world.start()
        case "dial*": try move(.blackHole)
        case "report":
            world.source.behaviour = [.silent]
            world.start()
        case "report*": try move(.silent)
        case "online": world.start()
        case "leave>*":
            world.start()
            world.feed(.received(ConnectionID(1), ServerToAgent(connectionSettings: try all.handover())))
        case "leave>stop":
            world.start()
            world.feed(.stopRequested)
        case "stopped":
            world.start()
            world.run(.stopRequested)
        default: Issue.record("no such phase")
        }
        return world.agent
    }

    private func event(_ name: String, for agent: Agent) throws -> AgentEvent {
        let id = agent.phase.line?.id ?? ConnectionID(1)
        let all = Authorities.shared
        func answer(_ message: ServerToAgent) -> AgentEvent {
            var message = message
            message.capabilities = [.acceptsStatus, .offersConnectionSettings]
            return .received(id, message)
        }
        if name.hasPrefix("woke "), let timer = AgentTimer(rawValue: String(name.dropFirst(5))) { return .woke(timer) }
        switch name {
        case "started": return .started
        case "opened": return .opened(id)
        case "answer": return answer(ServerToAgent())
        case "answer with offer":
            // From whichever server it is, to a third one.
            let isTarget = agent.phase.line?.destination == .candidate
            return answer(ServerToAgent(connectionSettings: try all.handover(
                from: isTarget ? all.target : all.source, to: all.third, hash: [9], epoch: 2, number: 0xC9)))
        case "unavailable": return answer(ServerToAgent(errorResponse: ServerErrorResponse(type: .unavailable)))
        case "bad request": return answer(ServerToAgent(errorResponse: ServerErrorResponse(type: .badRequest)))
        case "another uid": return answer(ServerToAgent(instanceUID: [UInt8](repeating: 1, count: 16)))
        case "nonsense": return .receivedNonsense(id, detail: "")
        case "too large": return .sendFailed(id, .tooLarge)
        case "unusable": return .sendFailed(id, .lineUnusable)
        case "closed": return .ended(id, .closed(code: 1000, reason: ""))
            if message.instanceUID.isEmpty, name != "answer to nobody" {
                message.instanceUID = agent.state.instanceUID.bytes
            }
        case "refused": return .ended(id, .failed(LineFailure(cause: .timeout)))
        case "untrusted": return .ended(id, .failed(LineFailure(cause: .tlsUntrusted)))
        case "report changed": return .reportChanged(OwnReport())
        case "config applied": return .remoteConfigApplied(hash: [1])
        case "config failed": return .remoteConfigFailed(hash: [1], message: "no")
        case "stop": return .stopRequested
        case "stale line": return .ended(ConnectionID(999), .closed(code: nil, reason: ""))
        default:
            Issue.record("no such event: \(name)")
            return .started
        }
    }

    static func name(of phase: Phase) -> String {
        func side(_ destination: Destination) -> String { destination == .candidate ? "*" : "" }
        switch phase {
        case .idle: return "idle"
        case .waiting(let destination): return "wait" + side(destination)
        case .dialing(let line): return "dial" + side(line.destination)
        case .reporting(let line): return "report" + side(line.destination)
        case .online: return "online"
        case .leaving(_, .dial(let destination)): return "leave>" + side(destination)
        case .leaving(_, .wait(let destination, _)): return "leave>wait" + side(destination)
        case .leaving(let line, .stop): return "leave>stop" + side(line.destination)
        case .stopped: return "stopped"
        }
    }
}
