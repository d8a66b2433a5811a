import Certificates
import HostSystem
import OperatorClient
import ServerAPI
import Vocabulary

extension Drill {
    /// A server kills itself right before and right after each commit of a journey, is started again, and the journey
    /// goes on to its end: enrolment, redemption, arrival and settling, and a change of the CA key.
    ///
    /// Each case gets an agent of its own: an agent takes part in at most three adoptions in ten minutes.
    static let serversKilled = Drill(
        "servers-killed",
        "each server is killed before and after every commit: nothing is lost, and nothing happens twice",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us) = (regions.eu, regions.us)
        try await run.step("the agent stops, so that it adds no commits") { _ in try await regions.agent.stop() }
        for (victim, role) in [(eu, "source"), (us, "target")] {
            for moment in Moment.allCases {
                try await regions.killedAtEachCommit(victim, moment, during: "a handover, as its \(role)") { notes in
                    try await regions.enrolAndHandOver(killing: victim, notes)
                }
            }
        }
        // A change of the CA key involves one server only, and a bundle has room for eight keys: too few for both moments at
        // one server.
        for (victim, moment) in [(eu, Moment.before), (us, .after)] {
            try await regions.killedAtEachCommit(victim, moment, during: "a change of its CA key") { notes in
                try await regions.rotate(victim, notes)
            }
        }
        try await run.step("the servers hear of each other's CA keys, and hand over as before") { notes in
            _ = try await us.command("peer", "refresh", eu.name)
            _ = try await eu.command("peer", "refresh", us.name)
            try await regions.enrolAndHandOver(killing: nil, notes)
        }
        try await run.step("the agent that was away for all of that is handed over as well") { notes in
            try regions.agent.start()
            _ = try await regions.live(regions.agent, on: eu)
            let issued = try await regions.handOver(regions.agent, from: eu, to: us, notes)
            for server in [us, eu] { try await regions.phase([.settled], of: issued, on: server) }
        }
        try await run.step("both audit trails verify") { try await regions.verifyAudit($0) }
    }
}

/// Where in a commit the process ends: what the commit holds is lost, or it is saved and nobody has been told.
private enum Moment: String, CaseIterable {
    case before, after
}

/// Starts a server again as soon as it was killed by its crash point.
@MainActor private final class RestartAfterCrash {
    private let server: ServerProcess
    private var isOver = false
    private(set) var task: Task<Bool, any Error>?

    init(_ server: ServerProcess) {
        self.server = server
        task = Task { try await self.watch() }
    }

    private func watch() async throws -> Bool {
        while true {
            if let ending = await server.ended(within: .milliseconds(100)) {
                guard ending == .killed(signal: 9) else {
                    throw UnmetExpectation("\(server.label) is killed by its crash point", seen: "it \(ending)")
                }
                try await server.start()
                return true
            }
            if isOver { return false }
        }
    }

    /// - Returns: whether the server was killed.
    func end() async throws -> Bool {
        isOver = true
        return try await task?.value ?? false
    }
}

extension TwoRegions {
    private static let mostCommits = 40

    /// Takes the same journey again and again, the server armed for one commit later each time, until the journey ends
    /// with the server alive: it has no commit that was not covered.
    fileprivate func killedAtEachCommit(
        _ server: ServerProcess, _ moment: Moment, during what: String,
        _ journey: @escaping @MainActor (StepNotes) async throws -> Void
    ) async throws {
        for commit in 1...Self.mostCommits {
            let title = "\(server.label) is killed \(moment.rawValue) its commit \(commit), during \(what)"
            let wasKilled = try await run.step(title) { notes in
                try await killed(server, at: "commit.\(moment.rawValue)#\(commit)", notes) { try await journey(notes) }
            }
            if wasKilled { continue }
            try await run.step("\(server.label) has no commit beyond that") { notes in
                try notes.expect("the first commits are there to be killed at", commit > 1, seen: "no commit at all")
                notes.say("\(commit - 1) commits \(moment.rawValue) which it was killed")
            }
            return
        }
        try await run.step("\(server.label) has no commit beyond that") { notes in
            try notes.expect("at most \(Self.mostCommits) commits", false, seen: "more")
        }
    }

    /// - Returns: whether the server was killed before the journey ended.
    private func killed(
        _ server: ServerProcess, at point: String, _ notes: StepNotes, _ journey: @MainActor () async throws -> Void
    ) async throws -> Bool {
        await server.kill()
        do {
            try await server.start(crashingAt: point)
        } catch WorldFailure.processEnded where server.ending == .killed(signal: 9) {
            notes.fact("killed", "while it started")
        }
        let restart = RestartAfterCrash(server)
        do {
            try await journey()
        } catch {
            // A server that did not come back is the cause, and the journey's failure what follows from it.
            _ = try await restart.end()
            throw error
        }
        let wasKilled = try await restart.end()
        if !wasKilled {
            // It is still armed, and would be killed by what comes next.
            await server.kill()
            try await server.start()
        }
        notes.fact("killed at \(point)", wasKilled ? "yes" : "no: the journey has fewer commits")
        return wasKilled
    }

    // MARK: - An operator whose server may die under a call

    /// Asks until there is an answer. A refusal is one.
    private func answered<Value>(_ what: String, _ call: @MainActor () async throws -> Value) async throws -> Value {
        try await eventually(what) {
            do {
                return .here(try await call())
            } catch CallFailure.refused(let problem) {
                throw UnmetExpectation(what, seen: "\(problem.operatorMessage)")
            }
        }
    }

    /// A new agent from its enrolment on EU until its handover to US has settled.
    ///
    /// An agent that loses US before US has answered it, or for the whole probation, which is short here, is back on EU;
    /// its operator issues another token.
    ///
    /// - Parameter victim: the server that is killed on the way, if one is.
    fileprivate func enrolAndHandOver(killing victim: ServerProcess?, _ notes: StepNotes) async throws {
        let traveller = run.world.addAgent("agent-\(run.world.agents.count)")
        try await enrolled(traveller, notes)
        var issued = try await issued(traveller, notes)
        try await redeemed(issued, notes)
        if try await phase([.settled, .withdrawn], of: issued, on: us).summary.phase == .withdrawn {
            try notes.expect("the agent returns only when US was killed", victim === us, seen: "it returned")
            let reason = try await phase([.returned], of: issued, on: eu).ending ?? "none"
            notes.fact("returned because", reason)
            try await answered("\(traveller.name) is not on US") {
                try await withdrawn(issued, traveller, on: us, notes)
            }
            _ = try await live(traveller, on: eu)
            try keepsIdentity(traveller, notes)
            issued = try await self.issued(traveller, notes)
            try await redeemed(issued, notes)
        }
        try await answered("\(traveller.name) has arrived") {
            try await arrived(issued, traveller, from: eu, on: us, notes)
            try await movedToPeer(traveller, from: eu, to: us, notes)
        }
        for server in [us, eu] { try await phase([.settled], of: issued, on: server) }
        try await answered("each thing has happened once") { try await happenedOnce(issued, traveller, notes) }
        try await traveller.stop()
        notes.say("settled, each step once\(issued.handover.epoch == 1 ? "" : ", with token \(issued.handover.epoch)")")
    }

    private func enrolled(_ traveller: AgentProcess, _ notes: StepNotes) async throws {
        try traveller.configure(for: eu)
        let token = try await answered("EU makes a bootstrap token") {
            try await createBootstrapToken(on: eu, StepNotes())
        }
        try await eventually("\(traveller.name) enrols, with one token") {
            do {
                return Sight.here(try await traveller.enrol(with: token))
            } catch let failure as WorldFailure {
                return .notYet("\(failure)")
            }
        }
        try traveller.start()
        _ = try await live(traveller, on: eu)
    }

    private func issued(_ traveller: AgentProcess, _ notes: StepNotes) async throws -> IssuedHandover {
        try await answered("EU issues a token") {
            do {
                return try await issue(traveller, from: eu, to: us, probationSeconds: 1, notes)
            } catch CallFailure.refused(let problem) where problem.code == HandoverCode.handoverOpen.code {
                // Its token was shown to nobody. The refusal advises to cancel it.
                let fingerprint = try traveller.identity().leaf.fingerprint
                for open in try await eu.handovers() where open.fingerprint == fingerprint && open.phase == .issued {
                    try await eu.api.call(
                        OperatorRoutes.cancelHandover("\(open.id)"),
                        sending: HandoverCancellation(reason: "its token was lost"))
                    notes.fact("cancelled, as its token was lost", open.id)
                }
                return try await issue(traveller, from: eu, to: us, probationSeconds: 1, notes)
            }
        }
    }

    private func redeemed(_ issued: IssuedHandover, _ notes: StepNotes) async throws {
        let isTaken = [HandoverCode.alreadyRedeemed.code, HandoverCode.over.code]
        try await answered("US redeems the token") {
            do {
                try await redeem(issued, on: us, notes)
            } catch CallFailure.refused(let problem) where isTaken.contains(problem.code) {
                // The refusal advises to look the handover up in the list. It may be over already: an agent that finds nobody at
                // US goes back before US is there again.
                let listed = try await us.handovers().contains { $0.id == issued.handover.id }
                try notes.expect("the redeemed handover is listed on US", listed, seen: "it is not")
            }
        }
    }

    private func happenedOnce(_ issued: IssuedHandover, _ traveller: AgentProcess, _ notes: StepNotes) async throws {
        let uid = try traveller.identity().instanceUID
        for server in [eu, us] {
            // The row of a handover that came to nothing is kept as withdrawn.
            let rows = try await server.agents().filter { $0.instanceUID == uid && $0.presence != .withdrawn }
            try notes.expect("rows of \(traveller.name) on \(server.label)", rows.count, is: 1)
        }
        let enrolments = try await eu.audit().filter {
            $0.action == .agentEnrolled && $0.additional["instanceUid"] == "\(uid)"
        }
        try notes.expect("enrolments of \(traveller.name)", enrolments.count, is: 1)
        let once: [(ServerProcess, [AuditAction])] = [
            (eu, [.tokenIssued, .tokenRedeemed, .completed, .settled]),
            (us, [.tokenRedeemed, .agentArrived, .settled]),
        ]
        for (server, actions) in once {
            let written = try await entries(of: issued, on: server).map(\.action)
            for action in actions {
                let count = written.count { $0 == action }
                try notes.expect("entries of \(action.rawValue) on \(server.label)", count, is: 1)
            }
        }
    }

    /// A draft, and its activation. An operator without an answer reads the list before he asks again.
    fileprivate func rotate(_ server: ServerProcess, _ notes: StepNotes) async throws {
        let before = try await answered("\(server.label) lists its keys") { try await signingKeys(of: server) }
        func new() async throws -> [SigningKeySummary] {
            try await signingKeys(of: server).filter { key in !before.contains { $0.fingerprint == key.fingerprint } }
        }
        try await answered("\(server.label) has a draft") {
            if try await new().isEmpty {
                try await server.api.call(OperatorRoutes.draftSigningKey())
            }
        }
        try await answered("\(server.label) signs with it") {
            for draft in try await new() where draft.state == .draft {
                try await server.api.call(
                    OperatorRoutes.activateSigningKey("\(draft.fingerprint)"))
            }
        }
        try await answered("\(server.label) has one new key, which is active") {
            try notes.expect("the new keys of \(server.label)", try await new().map(\.state), is: [OpenWord(.active)])
            let active = try await signingKeys(of: server).filter { $0.state == .active }
            try notes.expect("the active keys of \(server.label)", active.count, is: 1)
        }
        notes.say("one new key, which is active")
    }

    private func signingKeys(of server: ServerProcess) async throws -> [SigningKeySummary] {
        try await server.api.list(OperatorRoutes.signingKeys())
    }
}
