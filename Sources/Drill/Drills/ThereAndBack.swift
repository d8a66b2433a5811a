import Certificates
import OperatorClient
import ServerAPI
import Vocabulary

extension Drill {
    /// Both seed documents, step by step.
    static let thereAndBack = Drill(
        "there-and-back", "an agent goes from EU to US and back, and stays who it is",
        showing: .arrival
    ) { run in
        let regions = TwoRegions(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)

        try await run.step("EU starts") { try await regions.start(eu, $0) }
        try await run.step("US starts") { try await regions.start(us, $0) }
        let euCertificate = try await run.step("EU issues its federation certificate") {
            try await regions.issueCertificate(on: eu, $0)
        }
        let usCertificate = try await run.step("US issues its federation certificate") {
            try await regions.issueCertificate(on: us, $0)
        }
        let secrets = try await run.step("EU adds the peer us-region by paste") {
            try await regions.addPeer(on: eu, us, certificate: usCertificate, $0)
        }
        try await run.step("US adds the peer eu-region by paste") {
            try await regions.addPeer(on: us, eu, certificate: euCertificate, swapping: secrets, $0)
        }
        try await run.step("EU pings US") { try await regions.ping(from: eu, to: us, $0) }
        try await run.step("US pings EU") { try await regions.ping(from: us, to: eu, $0) }
        try await run.step("EU saves a configuration") { try await regions.saveConfiguration(on: eu, $0) }
        try await run.step("US saves another one of the same name") { try await regions.saveConfiguration(on: us, $0) }
        try await run.step("an agent enrols on EU with a bootstrap token") { notes in
            try await regions.enrol(agent, on: eu, notes)
            try await regions.enrolBystander(notes)
        }
        try await run.step("EU assigns the configuration, the agent applies it") {
            try await regions.assign(agent, on: eu, $0)
        }
        try await run.step("US sees the agent in EU's fleet, read-only") {
            try await regions.seenFromAfar(agent, at: us, of: eu, $0)
        }

        let there = try await regions.travel(from: eu, to: us)
        let back = try await regions.travel(from: us, to: eu)

        try await run.step("each side's history shows both handovers") { notes in
            for server in [eu, us] {
                let row = try await regions.row(of: agent, on: server)
                let history = try await server.agent(row).handovers.sorted { $0.issuedAt < $1.issuedAt }
                try notes.expect(
                    "the handovers in the history on \(server.label)", history.map(\.id),
                    is: [there.handover.id, back.handover.id])
                notes.fact(server.label, history.map { "\($0.role) \($0.phase)" }.joined(separator: ", "))
            }
            notes.say("epochs \(there.handover.epoch) and \(back.handover.epoch)")
        }
        try await run.step("both audit trails verify") { try await regions.verifyAudit($0) }
        try await run.step("both servers count their federation calls") { try await regions.countsCalls($0) }
    }
}

extension TwoRegions {
    /// One whole handover, each of the documents' moments a step.
    fileprivate func travel(from source: ServerProcess, to target: ServerProcess) async throws -> IssuedHandover {
        let issued = try await run.step("\(source.label) issues a handover token for \(target.label)") {
            try await issue(agent, from: source, to: target, $0)
        }
        try await run.step("\(target.label) previews it and shows who would come") { notes in
            let preview = try await preview(issued, of: agent, from: source, on: target, notes)
            try notes.expect("the configuration of the same name", preview.configuration, is: Self.configuration)
            try notes.expect(
                "nothing stands against it", preview.problems.isEmpty, seen: preview.problems.map(\.code).description)
        }
        try await run.step("\(target.label) redeems it") { try await redeem(issued, on: target, $0) }
        try await run.step("the agent arrives on \(target.label)") {
            try await arrived(issued, agent, from: source, on: target, $0)
        }
        try await run.step("\(source.label) shows it as moved") {
            try await movedToPeer(agent, from: source, to: target, $0)
        }
        try await run.step("the agent applies \(target.label)'s configuration of that name") {
            try await applied(agent, on: target, $0)
        }
        try await run.step("the audit of both sides tells one story") {
            try await joined(issued, from: source, to: target, $0)
        }
        try await run.step("the handover settles on both sides") { notes in
            try await phase([.settled], of: issued, on: target)
            try await phase([.settled], of: issued, on: source)
            let status = try await agent.status()
            try notes.expect(
                "the agent has forgotten \(source.label)", status.previous == nil, seen: status.previous?.endpoint ?? ""
            )
            notes.say("probation of \(Self.probationSeconds) s is over")
        }
        return issued
    }

    /// Step 4 of "Federate two clusters".
    fileprivate func seenFromAfar(
        _ agent: AgentProcess, at server: ServerProcess, of peer: ServerProcess, _ notes: StepNotes
    ) async throws {
        let row = try await row(of: agent, on: peer)
        let remote = try await server.api.list(
            OperatorRoutes.peerAgents(peer.name))
        let id = "peer:\(peer.name)/\(row)"
        let seen = try notes.expectSome("\(server.label) lists \(id)", remote.first { $0.id == id })
        try notes.expect("its fingerprint", seen.fingerprint, is: try agent.identity().leaf.fingerprint)
        notes.say(id)
    }
}
