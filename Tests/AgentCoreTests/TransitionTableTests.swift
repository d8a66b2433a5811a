import Certificates
import OpAMPProto
import Testing
import Vocabulary

@testable import AgentCore

/// Every phase x every event has a stated outcome, also when it cannot be saved.
@Suite struct TransitionTableTests {
    @Test(arguments: TransitionTable.all.flatMap(\.rows))
    func `every phase has a stated outcome for`(row: TransitionTable.Row) throws {
        for (phase, cell) in row.cells {
            let agent = try agent(in: phase)
            try #require(Self.name(of: agent) == phase)
            let event = try event(row.event, for: agent)
            let outcomes = cell.split(separator: "|").map { $0 == "=" ? phase : String($0) }

            let step = agent.next(after: event, at: Authorities.shared.now, chance: 1 << 62)
            #expect(Self.name(of: step.agent) == outcomes.first, "\(phase), \(row.event)")
            Self.checkLine(of: step, before: agent)

            let unsaved = agent.next(after: .saveFailed(during: event), at: Authorities.shared.now, chance: 1 << 62)
            #expect(Self.name(of: unsaved.agent) == outcomes.last, "\(phase), \(row.event), not saved")
            #expect(unsaved.save == nil)
            Self.checkLine(of: unsaved, before: agent)
        }
    }

    @Test func `every outcome is a phase of the tables, and every timer an event in each`() {
        let phases = Set(TransitionTable.all.flatMap(\.phases))
        for table in TransitionTable.all {
            #expect(table.rows.map(\.event) == TransitionTable.atHome.rows.map(\.event))
            let events = Set(table.rows.map(\.event))
            #expect(AgentTimer.allCases.allSatisfy { events.contains("woke \($0.rawValue)") })
            let outcomes = table.rows.flatMap(\.cells).flatMap { $0.cell.split(separator: "|").map(String.init) }
            #expect(Set(outcomes).subtracting(phases) == ["="])
        }
    }

    /// Whatever happens, orders are for the line there is, and there is never a second one.
    static func checkLine(of step: AgentStep, before: Agent) {
        var open = before.phase.connection?.id
        for directive in step.directives {
            switch directive {
            case .open(let id, _): open = id
            case .send(let id, _), .close(let id): #expect(id == open)
            case .drop(let id):
                #expect(id == open)
                open = nil
            case .verify, .setTimer, .cancelTimer, .applyRemoteConfig, .applyConnections, .deliver, .finish: break
            }
        }
    }

    // MARK: Making each phase

    private func agent(in phase: String) throws -> Agent {
        let all = Authorities.shared
        var world = World(try all.configuration { $0.hasLeafOfItsOwn = true })
        func move(_ behaviour: Behaviour) throws {
            world.start()
            world.target.behaviour = [behaviour]
            world.offer(try all.handover())
        }
        /// On probation, with a target that is lost from now on.
        func lose(_ behaviour: Behaviour) throws {
            try move(.works)
            world.target.behaviour = [behaviour]
            world.breakLine()
        }
        func goBack(_ behaviour: Behaviour) throws {
            try lose(.fails(DialFailure(.tcp)))
            world.source.behaviour = [behaviour]
            world.run(.woke(.lost))
        }
        func feed(_ name: String) throws { world.feed(try event(name, for: world.agent)) }
        let refuses = Behaviour.fails(DialFailure(.tcp))
        switch phase {
        case "idle": break
        case "idle*":
            try move(.silent)
            world.agent = Agent(state: world.disk, configuration: world.agent.configuration)
        case "wait":
            world.source.behaviour = [refuses]
            world.start()
        case "wait*": try move(refuses)
        case "wait~": try lose(refuses)
        case "wait^": try goBack(refuses)
        case "dial":
            world.source.behaviour = [.blackHole]
            world.start()
        case "dial*": try move(.blackHole)
        case "dial~", "report~":
            try lose(phase == "dial~" ? .blackHole : .silent)
            world.run(.woke(.retry))
        case "dial^": try goBack(.blackHole)
        case "report":
            world.source.behaviour = [.silent]
            world.start()
        case "report*": try move(.silent)
        case "report^": try goBack(.silent)
        case "online": world.start()
        case "online~":
            try move(.works)
            world.say(ServerToAgent())
        case "leave>":
            try move(.silent)
            try feed("bad request")
        case "leave>*":
            world.start()
            world.feed(.received(ConnectionID(1), ServerToAgent(connectionSettings: try all.handover())))
        case "leave>~":
            try goBack(.silent)
            try feed("bad request")
        case "leave>wait":
            world.start()
            try feed("unavailable")
        case "leave>wait*":
            try move(.silent)
            try feed("unavailable")
        case "leave>wait~":
            try move(.works)
            try feed("unavailable")
        case "leave>wait^":
            try goBack(.silent)
            try feed("unavailable")
        case "leave>stop":
            world.start()
            try feed("stop")
        case "leave>stop*":
            try move(.silent)
            try feed("stop")
        case "leave>stop~":
            try move(.works)
            try feed("stop")
        case "leave>stop^":
            try goBack(.silent)
            try feed("stop")
        case "stopped":
            world.start()
            world.run(.stopRequested)
        default: Issue.record("no such phase")
        }
        return world.agent
    }

    private func event(_ name: String, for agent: Agent) throws -> AgentEvent {
        let id = agent.phase.connection?.id ?? ConnectionID(1)
        let all = Authorities.shared
        func answer(_ message: ServerToAgent) -> AgentEvent {
            var message = message
            message.capabilities = [.acceptsStatus, .offersConnectionSettings]
            if message.instanceUID.isEmpty, name != "answer to nobody" {
                message.instanceUID = agent.state.instanceUID.bytes
            }
            return .received(id, message)
        }
        if name.hasPrefix("woke "), let timer = AgentTimer(rawValue: String(name.dropFirst(5))) { return .woke(timer) }
        switch name {
        case "started": return .started
        case "opened": return .opened(id)
        case "answer", "answer to nobody": return answer(ServerToAgent())
        case "answer with offer":
            // From whichever server it is, to a third one.
            let isTarget = agent.phase.connection?.endpoint == all.target.endpoint
            return answer(
                ServerToAgent(
                    connectionSettings: try all.handover(
                        from: isTarget ? all.target : all.source, to: all.third, hash: [9], epoch: 2, number: 0xC9)))
        case "unavailable": return answer(ServerToAgent(errorResponse: ServerErrorResponse(type: .unavailable)))
        case "bad request": return answer(ServerToAgent(errorResponse: ServerErrorResponse(type: .badRequest)))
        case "another uid": return answer(ServerToAgent(instanceUID: [UInt8](repeating: 1, count: 16)))
        case "nonsense": return .receivedNonsense(id, detail: "")
        case "too large": return .sendFailed(id, .tooLarge(limit: 1))
        case "unusable": return .sendFailed(id, .notOpen)
        case "closed": return .ended(id, .closed(code: 1000, reason: ""))
        case "refused": return .ended(id, .failed(DialFailure(.timeout)))
        case "untrusted": return .ended(id, .failed(DialFailure(.tlsUntrusted)))
        case "report changed": return .reportChanged(OwnReport())
        case "capabilities": return .capabilitiesChanged([])
        case "custom message": return .customMessage(CustomMessage())
        case "host applied": return .connectionsApplied(.named([1]))
        case "host rejected": return .connectionsRejected(.named([1]), reason: "no")
        case "standby verified": return .standbyVerified(.named([1]), nil)
        case "leaf replaced":
            return .leafReplaced(
                LeafChain(leaf: all.third.certificate),
                HeldIdentity(publicKey: all.third.certificate.publicKey, signingRequest: ""))
        case "config applied": return .remoteConfigApplied(hash: [1])
        case "config failed": return .remoteConfigFailed(hash: [1], message: "no")
        case "stop": return .stopRequested
        case "stale line": return .ended(ConnectionID(999), .closed(code: nil, reason: ""))
        default:
            Issue.record("no such event: \(name)")
            return .started
        }
    }

    static func name(of agent: Agent) -> String {
        func side(_ destination: Destination) -> String {
            let isOnProbation = agent.state.probation != nil
            return switch (destination, agent.state.candidate?.origin) {
            case (.active, _): isOnProbation ? "~" : ""
            case (.candidate, .offer), (.candidate, .standby): "*"
            case (.candidate, .probation): "^"
            // Dropped, while its line is still being left.
            case (.candidate, nil): isOnProbation ? "^" : "*"
            }
        }
        switch agent.phase {
        case .idle: return "idle" + (agent.state.candidate == nil ? "" : "*")
        case .waiting(let destination): return "wait" + side(destination)
        case .dialing(let line): return "dial" + side(line.destination)
        case .reporting(let line): return "report" + side(line.destination)
        case .online: return "online" + side(.active)
        case .leaving(_, .dial(let destination)): return "leave>" + side(destination)
        case .leaving(_, .wait(let destination, _)): return "leave>wait" + side(destination)
        case .leaving(let line, .stop): return "leave>stop" + side(line.destination)
        case .stopped: return "stopped"
        }
    }
}
