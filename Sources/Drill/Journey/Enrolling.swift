import Certificates
import Foundation
import OperatorClient
import ServerAPI
import Vocabulary

extension TwoRegions {
    func createBootstrapToken(on server: ServerProcess, _ notes: StepNotes) async throws -> Secret {
        let created = try await server.api.call(
            OperatorRoutes.createBootstrapToken(), sending: BootstrapTokenRequest(ttlSeconds: 3600))
        let token = Secret(created.text)
        run.world.canaries.add("bootstrap token \(created.id)", token)
        notes.fact("bootstrap token", created.id)
        return token
    }

    /// Enrols and starts an agent, and waits until the server shows it live.
    func enrol(_ agent: AgentProcess, on server: ServerProcess, _ notes: StepNotes) async throws {
        try agent.configure(for: server)
        try await agent.enrol(with: try await createBootstrapToken(on: server, notes))
        try agent.start()
        let row = try await live(agent, on: server)
        let identity = try agent.identity()
        try notes.expect("the fingerprint \(server.label) shows", row.fingerprint, is: identity.leaf.fingerprint)
        try notes.expect("the instance_uid \(server.label) shows", row.instanceUID, is: identity.instanceUID)
        let status = try await agent.status()
        try notes.expect(
            "the agent names \(server.label) as its server",
            status.active.endpoint.contains(":\(server.entrancePort)/"),
            seen: status.active.endpoint)
        notes.fact("leaf", identity.leaf.fingerprint)
        notes.fact("key file sha256", identity.keyDigest)
        notes.fact("instance_uid", identity.instanceUID)
        notes.fact("row on \(server.label)", row.id)
        notes.say("leaf \("\(identity.leaf.fingerprint)".prefix(12)) · uid \("\(identity.instanceUID)".prefix(8))")
    }

    /// An agent that is enrolled on EU and never handed over: the proof that EU's signature alone opens nothing on US.
    func enrolBystander(_ notes: StepNotes) async throws {
        let bystander = run.world.addAgent("bystander")
        try bystander.configure(for: eu)
        try await bystander.enrol(with: try await createBootstrapToken(on: eu, StepNotes()))
        run.observations.bystander = bystander.identityAtEnrolment
        run.observations.bystanderHome = eu.label
    }

    /// Assigns the configuration, and waits until the agent has it on disk and says so.
    func assign(_ agent: AgentProcess, on server: ServerProcess, _ notes: StepNotes) async throws {
        let row = try await row(of: agent, on: server)
        try await server.api.call(
            OperatorRoutes.assignAgent("\(row)"),
            sending: Assignment(group: Self.group, configuration: Self.configuration))
        try await applied(agent, on: server, notes)
    }

    func applied(_ agent: AgentProcess, on server: ServerProcess, _ notes: StepNotes) async throws {
        let row = try await row(of: agent, on: server)
        let wanted = try await server.api.call(
            OperatorRoutes.configuration(Self.configuration))
        let status = try await eventually("\(server.label) shows its configuration as applied") {
            let detail = try await server.agent(row)
            guard let status = detail.configurationStatus else { return Sight<ConfigurationStatus>.notYet("no report") }
            let text = "\(status.status) \(status.errorMessage)"
            return status.status == "applied" ? .here(status) : .notYet(text)
        }
        let onDisk = (try? String(contentsOf: agent.sink, encoding: .utf8)) ?? "no file"
        try notes.expect("the file on the host", onDisk, is: wanted.body ?? "")
        notes.fact("configuration hash reported", status.hash)
        notes.say("\(Self.configuration) of \(server.label) is on the host's disk")
    }

    func live(_ agent: AgentProcess, on server: ServerProcess, within limit: Duration = .seconds(45)) async throws
        -> AgentSummary
    {
        let fingerprint = try agent.identity().leaf.fingerprint
        return try await eventually("\(agent.name) is live on \(server.label)", within: limit) {
            guard let row = try await server.agent(with: fingerprint) else { return Sight.notYet("no such agent") }
            return row.presence == .live ? .here(row) : .notYet("it is \(row.presence)")
        }
    }

    func row(of agent: AgentProcess, on server: ServerProcess) async throws -> AgentID {
        let fingerprint = try agent.identity().leaf.fingerprint
        guard let row = try await server.agent(with: fingerprint), let id = AgentID(row.id) else {
            throw UnmetExpectation("\(server.label) has a row for \(agent.name)", seen: "none with leaf \(fingerprint)")
        }
        return id
    }
}
