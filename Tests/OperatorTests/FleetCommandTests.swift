import Foundation
import ServerAPI
import Testing
import Vocabulary

/// Commands about servers, peers, agents and what they are given, as tables and as JSON.
@Suite(.timeLimit(.minutes(3))) struct FleetCommandTests {
    @Test func `every list is a table for people and JSON for programs`() async throws {
        try await Regions.open { regions, _ in
            try await lists(regions)
            try await configurations(regions)
            try await peers(regions)
            try await bootstrapTokens(regions)
            try await revokedLeaf(regions)
            try await enrolledAnew(regions)
        }
    }

    private func lists(_ regions: Regions) async throws {
        let shell = regions.shell
        let tables = [
            ("agent list", "ID  "), ("agent list --peer us-region", "ID  "), ("group list", "NAME  "),
            ("config list", "NAME  "), ("bootstrap-token list", "ID  "), ("peer list", "NAME  "),
            ("ca list", "STATE  "), ("handover list", "HANDOVER  "), ("audit list", "SEQ  "),
        ]
        for (command, header) in tables {
            #expect(try await shell.type("mini-server \(command) --context eu").hasPrefix(header), "\(command)")
        }
        let groups: [Group] = try await shell.json("mini-server group list --context eu")
        #expect(groups == [Group(name: "edge", configuration: "base", agents: 1)])
        let _: [SigningKeySummary] = try await shell.json("mini-server ca list --context eu")
        let _: [PeerSummary] = try await shell.json("mini-server peer list --context eu")
        let tokens: [BootstrapTokenSummary] = try await shell.json("mini-server bootstrap-token list --context eu")
        #expect(tokens.map { $0.usedBy?.description } == [regions.agent])

        let shown = try await shell.type("mini-server agent show \(regions.agent) --context eu")
        #expect(shown.contains("valid until") && shown.contains("AcceptsOpAMPConnectionSettings"))

        let remote = "peer:eu-region/\(regions.agent)"
        #expect(try await shell.type("mini-server agent show \(remote) --context us").contains(regions.agent))
        // Nothing that changes state takes an agent of a peer, and the server says so by name.
        let refused = try await shell.refused("mini-server handover issue \(remote) --to eu-region --context us")
        #expect(refused.contains("fleet.remote-agent"), "\(refused)")
        #expect(try await shell.refused("mini-server agent list --context nowhere").contains("client.no-context"))
    }

    private func configurations(_ regions: Regions) async throws {
        let shell = regions.shell
        #expect(try await shell.type("mini-server config show base --context eu").contains("receivers: {}"))
        for command in ["config remove base", "group remove edge"] {
            #expect(try await shell.refused("mini-server \(command) --context eu").contains("fleet.in-use"))
        }
        // From now on the agent takes what it is given.
        try await shell.type(
            """
            kill $agent; wait $agent
            printf '\\nconfig_sink:\\n  path: effective.yaml\\n' >> agent.yaml
            opamp-agent run --config agent.yaml > agent.log 2>&1 & agent=$!
            """)
        try await shell.wait(until: "the agent has told that it applied its configuration") {
            let detail: AgentDetail = try await $0.json("mini-server agent show \(regions.agent) --context eu")
            return detail.configurationStatus?.status == "applied"
        }
        #expect(try await shell.read("effective.yaml") == "receivers: {}\n")
        try await shell.type("echo 'b: 2' | mini-server config add other --file - --context eu")
        try await shell.type("mini-server agent assign \(regions.agent) --configuration other --context eu")
        let assigned = try #require(try await regions.agents(on: "eu").first)
        #expect(assigned.group == "edge" && assigned.configuration == "other", "the group stays")
        try await shell.wait(until: "the agent has the other configuration") {
            try await $0.read("effective.yaml") == "b: 2\n"
        }
        try await shell.type(
            """
            mini-server agent assign \(regions.agent) --group edge --context eu
            mini-server config remove other --context eu
            mini-server group add empty --context eu
            mini-server group remove empty --context eu
            """)
    }

    private func peers(_ regions: Regions) async throws {
        let shell = regions.shell
        let shown = try await shell.type("mini-server peer show us-region --context eu")
        #expect(shown.contains("inbound set, outbound set"))
        try await shell.type("mini-server peer refresh us-region --context eu")

        let rotated = try await shell.type("mini-server peer rotate-secrets us-region --inbound-only --context eu")
        let secret = try #require(rotated.split(separator: "\n").last).trimmingCharacters(in: .whitespaces)
        #expect(try await shell.type("mini-server peer ping eu-region --context us").hasPrefix("200 OK"), "the old one")
        try await shell.write(secret, to: "rotated")
        try await shell.type(
            "mini-server peer set-secret eu-region --direction outbound --secret-file rotated --context us")
        #expect(try await shell.type("mini-server peer ping eu-region --context us").hasPrefix("200 OK"), "the new one")

        // The very first one, which a second rotation has made worthless.
        try await shell.type(
            """
            mini-server peer set-secret eu-region --direction outbound --secret-file eu-inbound --context us
            mini-server peer rotate-secrets us-region --inbound-only --context eu > rotated-again
            """)
        #expect(try await shell.refused("mini-server peer ping eu-region --context us").contains("401"))
        try await shell.type("tail -n 1 rotated-again | tr -d ' ' > rotated")
        try await shell.type(
            "mini-server peer set-secret eu-region --direction outbound --secret-file rotated --context us")

        try await shell.type("mini-server peer disable eu-region --context us")
        let refused = try await shell.refused("mini-server peer ping us-region --context eu")
        #expect(refused.contains("certificate-not-accepted"), "\(refused)")
        try await shell.type("mini-server peer enable eu-region --context us")
        #expect(try await shell.type("mini-server peer ping us-region --context eu").hasPrefix("200 OK"))
    }

    /// Used, taken back, and another server's.
    private func bootstrapTokens(_ regions: Regions) async throws {
        let shell = regions.shell
        try await shell.type("sed 's/agent-state/other-state/; s/effective/other/' agent.yaml > other.yaml")
        let enrol = "opamp-agent enroll --config other.yaml --timeout 20 --token-file"
        #expect(try await shell.refused("\(enrol) bootstrap-token").contains("bootstrap"))
        try await shell.type(
            """
            mini-server bootstrap-token create --ttl 15m --context us > foreign
            mini-server bootstrap-token create --ttl 15m --context eu > withdrawn
            mini-server bootstrap-token revoke \
                $(mini-server bootstrap-token list --context eu | awk '$5 == "-" { print $1 }') --context eu
            """)
        for token in ["foreign", "withdrawn"] {
            #expect(try await shell.refused("\(enrol) \(token)").contains("401"), "\(token)")
        }
        let short = try await shell.refused("mini-server bootstrap-token create --ttl 1s --context eu")
        #expect(short.contains("fleet.bootstrap-ttl-out-of-range"))
        let agents = try await regions.agents(on: "eu")
        #expect(agents.map(\.id) == [regions.agent])
    }

    private func revokedLeaf(_ regions: Regions) async throws {
        let shell = regions.shell
        let fingerprint = try #require(try await regions.agents(on: "eu").first).fingerprint
        try await shell.type("kill $agent; wait $agent")
        try await shell.type("opamp-agent run --config agent.yaml > agent.log 2>&1 & agent=$!")
        try await regions.wait(for: regions.agent, on: "eu", toBe: .live)
        let said = try await shell.type("mini-server agent revoke \(regions.agent) --context eu")
        #expect(said == "revoked \(fingerprint)\n")
        try await regions.wait(for: regions.agent, on: "eu", toBe: .offline)
        try await shell.wait(until: "the agent is refused") { try await $0.read("agent.log").contains("http-403") }
        #expect(try await shell.type("mini-server agent show \(regions.agent) --context eu").contains("revoked"))
        #expect(try await regions.agents(on: "eu").first?.presence == .offline, "and it stays out")
        let revoked: [AuditEvent] = try await shell.json(
            "mini-server audit list --action Agent.LeafRevoked --context eu")
        #expect(revoked.map(\.entityID) == [regions.agent])
        let refused = try await shell.refused(
            "mini-server handover issue \(regions.agent) --to us-region --context eu")
        #expect(refused.contains("handover.leaf-revoked"), "\(refused)")
    }

    /// Its leaf is refused for good; the host keeps its key and its uid.
    private func enrolledAnew(_ regions: Regions) async throws {
        let shell = regions.shell
        try await shell.type("kill $agent; wait $agent")
        let uid = try await shell.type("cat agent-state/identity")
        let enrol = "opamp-agent enroll --config agent.yaml --timeout 20"
        let refused = try await shell.refused(enrol)
        #expect(refused.contains("Create a token with `mini-server bootstrap-token create`"), "\(refused)")
        try await shell.type("mini-server bootstrap-token create --ttl 15m --context eu > again")
        #expect(try await shell.type("\(enrol) --token-file again").contains("enrolled at"))
        #expect(try await shell.type(enrol).contains("enrolled at"), "with the new leaf, and without a token")
        #expect(try await shell.type("cat agent-state/identity") == uid)
        let rows = try await regions.agents(on: "eu")
        #expect(Set(rows.map(\.instanceUID.description)) == [uid.trimmingCharacters(in: .whitespacesAndNewlines)])
    }
}
