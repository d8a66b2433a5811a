import ServerAPI
import ServerCore
import ServerTransport
import Testing
import Vocabulary

@testable import MiniServer

struct OperatorInterfaceTests {
    private func path(_ route: Route) -> String {
        route.template.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("{") ? "nobody" : String($0) }.joined(separator: "/")
    }

    @Test func `every route answers a problem without a token`() async throws {
        try await RunningServer.run("eu") { servers in
            for route in OperatorRoutes.all {
                for bearer in [
                    nil, "opamp-pat.nonsense", Credential.operatorToken.text(random: Array(0..<32)).revealText(),
                ] {
                    let answer = try await servers[0].exchange(route, path(route), bearer: bearer)
                    #expect(answer.status == 401, "\(route)")
                    #expect(answer.type == ServerAPI.Problem.contentType)
                    #expect(answer.problem?.code == "operator.not-authenticated")
                }
            }
        }
    }

    /// What the two lesser roles may beside looking.
    static let operators: Set<Route> = [
        OperatorRoutes.assignAgent, OperatorRoutes.saveGroup, OperatorRoutes.deleteGroup,
        OperatorRoutes.saveConfiguration, OperatorRoutes.deleteConfiguration, OperatorRoutes.bootstrapTokens,
        OperatorRoutes.createBootstrapToken, OperatorRoutes.revokeBootstrapToken, OperatorRoutes.pingPeer,
    ]

    @Test(arguments: Role.allCases) func `a role may what the table says`(role: Role) async throws {
        try await RunningServer.run("eu") { servers in
            let token: CreatedSecret = try await servers[0].call(
                OperatorRoutes.createOperatorToken,
                sending: OperatorTokenRequest(name: "someone", role: role.rawValue))
            for route in OperatorRoutes.all {
                let mayLook =
                    route.method == .get && route != OperatorRoutes.bootstrapTokens
                    && route != OperatorRoutes.operatorTokens
                let isAllowed =
                    switch role {
                    case .viewer: mayLook
                    case .operator: mayLook || Self.operators.contains(route)
                    case .admin: true
                    }
                let answer = try await servers[0].exchange(route, path(route), bearer: token.text)
                #expect((answer.status != 403) == isAllowed, "\(role) \(route): \(answer.status)")
                #expect(answer.status != 401 && answer.status < 500, "\(route): \(answer.text)")
                if answer.status >= 400 { #expect(answer.type == ServerAPI.Problem.contentType) }
            }
        }
    }

    @Test func `what is shown once is nowhere else`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            let secrets = try await RunningServer.federate(eu, us)
            let bootstrap: CreatedSecret = try await eu.call(
                OperatorRoutes.createBootstrapToken, sending: BootstrapTokenRequest())
            let token: CreatedSecret = try await eu.call(
                OperatorRoutes.createOperatorToken, sending: OperatorTokenRequest(name: "someone", role: "viewer"))
            _ = try await eu.ping("us")
            let canaries = [secrets.inbound, secrets.outbound, bootstrap.text, token.text, eu.admin]
            let lists = OperatorRoutes.all.filter { $0.method == .get && !$0.template.contains("{") }
            for server in [eu, us] {
                for route in lists
                    + [PublicPaths.metrics, "/api/openapi.json"].map({ path in
                        OperatorInterfaceTests.look(at: path)
                    })
                {
                    let answer = try await server.exchange(route, bearer: server.admin)
                    #expect(answer.status == 200, "\(route)")
                    #expect(!canaries.contains { answer.text.contains($0) }, "\(route)")
                    #expect(!answer.text.contains("PRIVATE KEY"), "\(route)")
                }
            }
        }
    }

    private static func look(at path: String) -> Route { Route(method: .get, template: path) }

    @Test func `a change and its audit entry come together`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            let text = ConfigurationText(contentType: "text/yaml", body: "a: 1")
            let saved: ServerAPI.Configuration = try await eu.call(
                OperatorRoutes.saveConfiguration, OperatorRoutes.saveConfiguration.path("base"), sending: text)
            let _: Group = try await eu.call(
                OperatorRoutes.saveGroup, OperatorRoutes.saveGroup.path("web"),
                sending: GroupSettings(configuration: "base"))
            let entries = try await eu.audit()
            #expect(entries.contains { $0.action == "Configuration.Saved" && $0.after == saved.hash })
            #expect(entries.contains { $0.action == "Group.Saved" && $0.actor == "admin" })
            let refused = try await eu.exchange(
                OperatorRoutes.deleteConfiguration, OperatorRoutes.deleteConfiguration.path("base"), bearer: eu.admin)
            #expect(refused.problem?.code == "fleet.in-use")
            let verdict: AuditVerdict = try await eu.call(OperatorRoutes.verifyAudit)
            #expect(verdict.ok && verdict.entries >= entries.count)
        }
    }

    @Test func `every operator token stands in the audit trail under the identifier that lists show`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            let made: CreatedSecret = try await eu.call(
                OperatorRoutes.createOperatorToken, sending: OperatorTokenRequest(name: "someone", role: "viewer"))
            let listed: Page<OperatorTokenSummary> = try await eu.call(OperatorRoutes.operatorTokens)
            let audited = try await eu.audit().filter { $0.action == AuditAction.operatorTokenCreated.rawValue }
            #expect(listed.items.count == 2 && listed.items.contains { $0.id == made.id })
            #expect(Set(audited.map(\.entityID)) == Set(listed.items.map(\.id)))
        }
    }

    /// A path and the answer that an operator can act on.
    @Test(arguments: [
        ("/api/agents/nobody", 404, "not-found.agent"),
        ("/api/agents/peer:us%2F01900000-0000-7000-8000-000000000000", 409, "fleet.remote-agent"),
        ("/api/handovers/nothing", 400, "request.parameter"),
        ("/api/handovers/00000000000000000000000000000000", 404, "handover.unknown"),
        ("/api/peers/nobody", 404, "not-found.peer"),
        ("/api/configurations/nothing", 404, "fleet.configuration-missing"),
        ("/api/nothing", 404, "request.not-found"),
    ]) func `what is not there is refused by name`(path: String, status: Int, code: String) async throws {
        try await RunningServer.run("eu") { servers in
            let answer = try await servers[0].exchange(Self.look(at: path), bearer: servers[0].admin)
            #expect(answer.status == status)
            #expect(answer.problem?.code == code)
        }
    }
}
