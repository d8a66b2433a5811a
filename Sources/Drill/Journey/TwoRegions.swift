import OperatorClient
import ServerAPI
import Vocabulary

/// EU and US, federated, and the agent that goes from one to the other: the world of both seed documents.
@MainActor struct TwoRegions {
    let run: DrillRun
    let eu: ServerProcess
    let us: ServerProcess
    let agent: AgentProcess

    /// The name of the configuration that exists on both sides, and of the group.
    static let configuration = "edge-collector"
    static let group = "edge"

    init(_ run: DrillRun) {
        self.run = run
        eu = run.world.addServer("EU")
        us = run.world.addServer("US")
        agent = run.world.addAgent("agent-1")
    }

    /// For the failures: everything that comes before them, in three steps.
    static func ready(
        _ run: DrillRun, configurationOnUS: Bool = true, behindBalancers: Bool = false
    ) async throws -> TwoRegions {
        let regions = TwoRegions(run)
        if behindBalancers {
            try await run.world.addBalancer(to: regions.eu)
            try await run.world.addBalancer(to: regions.us)
        }
        try await run.step("EU and US start") { notes in
            try await regions.start(regions.eu, notes)
            try await regions.start(regions.us, notes)
            notes.say("\(regions.eu.base) and \(regions.us.base)")
        }
        try await run.step("they federate by paste, with swapped secrets, and ping each other") { notes in
            try await regions.federate(notes)
        }
        try await run.step("an agent enrols on EU and applies its configuration") { notes in
            try await regions.saveConfiguration(on: regions.eu, notes)
            if configurationOnUS {
                try await regions.saveConfiguration(on: regions.us, notes)
            } else {
                try await regions.saveGroup(on: regions.us)
            }
            try await regions.enrol(regions.agent, on: regions.eu, notes)
            try await regions.enrolBystander(notes)
            try await regions.assign(regions.agent, on: regions.eu, notes)
        }
        return regions
    }

    /// - Parameters:
    ///   - options: further arguments of `serve`.
    ///   - authority: PEM of the CA above a listener certificate that is not the server's own.
    func start(
        _ server: ServerProcess, _ notes: StepNotes, options: [String] = [], trusting authority: String = ""
    ) async throws {
        try await server.start(options, trusting: authority)
        run.world.canaries.add("admin token of \(server.label)", try server.adminToken)
        let facts = try await server.api.call(OperatorRoutes.serverInfo())
        try notes.expect("\(server.label) calls itself", facts.name, is: server.name)
        notes.fact("\(server.label) peerId", facts.peerID)
        notes.fact("\(server.label) OpAMP endpoint", facts.opampEndpoint)
        notes.fact("\(server.label) CA", facts.authority)
        notes.say("\(server.base) · peer \("\(facts.peerID)".prefix(8))")
    }

    func peerID(of server: ServerProcess) async throws -> PeerID {
        let facts = try await server.api.call(OperatorRoutes.serverInfo())
        return facts.peerID
    }

    /// - Returns: the text that a remote configuration of this server has; it differs from region to region, because
    ///   configurations do not travel.
    func configurationText(of server: ServerProcess) -> String {
        "# \(Self.configuration) as \(server.name) has it\nexporters:\n  otlp:\n    endpoint: \(server.name).example.com\n"
    }

    func saveGroup(on server: ServerProcess) async throws {
        try await server.api.call(
            OperatorRoutes.saveGroup(Self.group), sending: GroupSettings())
    }

    func saveConfiguration(on server: ServerProcess, _ notes: StepNotes) async throws {
        let text = ConfigurationText(contentType: "text/yaml", body: configurationText(of: server))
        try await server.api.call(
            OperatorRoutes.saveConfiguration(Self.configuration), sending: text)
        try await saveGroup(on: server)
        let saved = try await server.api.call(
            OperatorRoutes.configuration(Self.configuration))
        try notes.expect("the body saved on \(server.label)", saved.body, is: text.body)
        notes.say("\(Self.configuration), sha256 \(saved.hash.prefix(12))")
    }
}
