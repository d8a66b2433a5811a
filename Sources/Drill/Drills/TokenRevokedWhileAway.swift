import OperatorClient
import ServerAPI
import Vocabulary

extension Drill {
    /// The two tokens that an operator may take back before an agent has used what they opened.
    static let tokenRevokedWhileAway = Drill(
        "token-revoked-while-away",
        "a handover token and a bootstrap token are revoked while the agent is away: neither opens anything",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let late = run.world.addAgent("late")
        let bootstrap = try await run.step("another host is given a bootstrap token of EU, and does not use it") {
            notes in
            try late.configure(for: eu)
            return try await regions.createBootstrapToken(on: eu, notes)
        }
        try await run.step("the agent stops") { _ in try await agent.stop() }
        let issued = try await run.step("EU issues a token, US redeems it, and waits for the agent") { notes in
            let issued = try await regions.issue(agent, from: eu, to: us, notes)
            try await regions.redeem(issued, on: us, notes)
            try await regions.phase([.redeemed], of: issued, on: eu)
            try await regions.phase([.awaiting], of: issued, on: us)
            return issued
        }
        try await run.step("EU cancels the handover and revokes every bootstrap token") { notes in
            try await regions.cancel(issued, on: eu, notes)
            try await regions.withdrawn(issued, agent, on: us, notes)
            let tokens = try await eu.api.list(OperatorRoutes.bootstrapTokens())
            for token in tokens where token.usedAt == nil {
                try await eu.api.call(OperatorRoutes.revokeBootstrapToken(token.id))
            }
        }
        try await run.step("the agent comes back: it is live on EU, and nothing is offered to it") { notes in
            try agent.start()
            try await regions.staysHome(agent, eu: eu, us: us, notes)
        }
        try await run.step("the token opens nothing on US") { notes in
            let said = try await notes.expectRefusal(HandoverCode.over.code, of: "the redemption") {
                try await regions.redeem(issued, on: us, notes)
            }
            notes.say(said.title)
        }
        try await run.step("the other host comes back, and cannot enrol") { notes in
            do {
                try await late.enrol(with: bootstrap)
            } catch WorldFailure.commandFailed(_, _, let output) {
                try notes.expect(
                    "the agent says that EU refused it", output.contains("\(EnrolmentCode.area).http-401"), seen: output
                )
                return notes.say("refused")
            }
            throw UnmetExpectation("the enrolment is refused", seen: "it was granted")
        }
        try await run.step("a new token works") { notes in
            _ = try await regions.handOver(agent, from: eu, to: us, notes)
        }
        try await run.step("EU shows it as moved") { try await regions.movedToPeer(agent, from: eu, to: us, $0) }
    }
}

extension TwoRegions {
    /// Live at the source with the identity it had, with no candidate, and with no living row at the target.
    fileprivate func staysHome(
        _ agent: AgentProcess, eu: ServerProcess, us: ServerProcess, _ notes: StepNotes
    ) async throws {
        let row = try await live(agent, on: eu)
        try await applied(agent, on: eu, notes)
        let elsewhere = try await us.agent(with: row.fingerprint)
        try notes.expect(
            "US has no living row", elsewhere == nil || elsewhere?.presence == .withdrawn,
            seen: elsewhere?.presence.text ?? "")
        let status = try await agent.status()
        try notes.expect("no candidate on the agent", status.candidate == nil, seen: status.candidate?.endpoint ?? "")
        try keepsIdentity(agent, notes)
        notes.say("live on EU")
    }
}
