import Foundation
import ServerAPI
import Testing
import Vocabulary

/// Two federated servers and one live agent of the first, made by the first three chapters of `handover.md`.
struct Regions: Sendable {
    let shell: Shell
    /// The agent's row on EU.
    let agent: String

    /// - Parameter body: goes on with the page behind those chapters.
    static func open(_ body: @Sendable (Regions, Page) async throws -> Void) async throws {
        try await Shell.open { shell in
            var page = try Page("docs/operator/handover.md")
            try await serve(shell, &page)
            try await federate(shell, &page)
            let agent = try await enrol(shell, &page)
            try await body(Regions(shell: shell, agent: agent), page)
        }
    }

    /// Chapter 1. The kernel chooses the ports, and the page is read with those from then on.
    private static func serve(_ shell: Shell, _ page: inout Page) async throws {
        page.call("127.0.0.1:4320", "127.0.0.1:0")
        page.call("127.0.0.1:4321", "127.0.0.1:0")
        try await shell.type(try page.next())
        for (region, port) in [("eu", "4320"), ("us", "4321")] {
            try await shell.wait(until: "\(region) listens") { shell in
                guard let context = try? await shell.read("\(region)/context.json") else { return false }
                let server = try JSONDecoder().decode([String: String].self, from: Data(context.utf8))["server"]
                page.call("127.0.0.1:\(port)", try #require(server?.split(separator: "/").last.map(String.init)))
                return true
            }
        }
        let fleet = try await shell.type(try page.next())
        #expect(fleet.contains("(none)"))
    }

    /// Chapter 2, with the two operators' hands between its blocks.
    private static func federate(_ shell: Shell, _ page: inout Page) async throws {
        let shown = try await shell.type(try page.next()).split(separator: "\n")
        for direction in ["inbound", "outbound"] {
            let line = try #require(shown.firstIndex { $0.hasPrefix("\(direction) secret, shown once") })
            try await shell.write(shown[line + 1].trimmingCharacters(in: .whitespaces), to: "eu-\(direction)")
        }
        let federated = try await shell.type(try page.next()).split(separator: "\n")
        #expect(federated.filter { $0.hasPrefix("200 OK · ") }.count == 2)
        let authority = try #require(federated.last?.split(separator: " ").last)
        #expect(shown.contains { $0.hasSuffix("  \(authority)") }, "`ca list` shows what `peer add` showed")
        #expect(shown.contains { $0.hasPrefix("secrets ") && !$0.contains("missing") }, "the peer as it is now")
    }

    /// Chapter 3.
    private static func enrol(_ shell: Shell, _ page: inout Page) async throws -> String {
        try await shell.write("receivers: {}\n", to: "collector.yaml")
        try await shell.type(try page.next())
        try await shell.write(try page.next(), to: "agent.yaml")
        try await shell.type(try page.next())
        try await shell.type("agent=$(jobs -p | tail -n 1)")
        let agents: [AgentSummary] = try await shell.json("mini-server agent list --context eu")
        try #require(agents.count == 1)
        let regions = Regions(shell: shell, agent: agents[0].id)
        try await regions.wait(for: agents[0].id, on: "eu", toBe: .live)
        return agents[0].id
    }
}

extension Regions {
    func agents(on region: String) async throws -> [AgentSummary] {
        try await shell.json("mini-server agent list --context \(region)")
    }

    func wait(for id: String, on region: String, toBe presence: AgentPresence) async throws {
        try await shell.wait(until: "\(id) is \(presence.rawValue) on \(region)") { _ in
            try await agents(on: region).first { $0.id == id }?.presence == presence
        }
    }

    func handover(_ id: String, on region: String) async throws -> HandoverSummary {
        try await shell.json("mini-server handover show \(id) --context \(region)", as: HandoverDetail.self).summary
    }

    func wait(for handover: String, on region: String, toReach phase: HandoverPhase) async throws {
        try await shell.wait(until: "\(handover) is \(phase.rawValue) on \(region)") { _ in
            try await self.handover(handover, on: region).phase == phase
        }
    }
}

extension Shell {
    /// Looks again until it holds; only a story that hangs reaches the limit.
    nonisolated func wait(until what: String, _ holds: (Shell) async throws -> Bool?) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await holds(self) != true {
            guard ContinuousClock.now < deadline else { throw Failed(description: "waited in vain until \(what)") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
