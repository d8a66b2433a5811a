import ServerAPI
import ServerCore
import ServerTransport
import Testing
import Vocabulary

@testable import MiniServer

struct OperatorInterfaceTests {
    private func target(_ route: RouteDescription) -> RouteTarget {
        let path = route.template.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("{") ? "nobody" : String($0) }.joined(separator: "/")
        return RouteTarget(method: route.method, path: path)
    }

    @Test func `every route answers a problem without a token`() async throws {
        try await RunningServer.run("eu") { servers in
            for route in OperatorRoutes.all {
                for bearer in [
                    nil, "opamp-pat.nonsense", Credential.operatorToken.text(random: Array(0..<32)).revealText(),
                ] {
                    let answer = try await servers[0].exchange(target(route), bearer: bearer)
                    #expect(answer.status == 401, "\(route)")
                    #expect(answer.type == ServerAPI.Problem.contentType)
                    #expect(answer.problem?.code == "operator.not-authenticated")
                }
            }
        }
    }

    /// What the two lesser roles may beside looking.
    static let operators: Set<RouteDescription> = [
        OperatorRoutes.assignAgent.description, OperatorRoutes.saveGroup.description,
        OperatorRoutes.deleteGroup.description, OperatorRoutes.saveConfiguration.description,
        OperatorRoutes.deleteConfiguration.description, OperatorRoutes.bootstrapTokens.description,
        OperatorRoutes.createBootstrapToken.description, OperatorRoutes.revokeBootstrapToken.description,
        OperatorRoutes.pingPeer.description,
    ]

    @Test(arguments: Role.allCases) func `a role may what the table says`(role: Role) async throws {
        try await RunningServer.run("eu") { servers in
            let token = try await servers[0].call(
                OperatorRoutes.createOperatorToken(),
                sending: OperatorTokenRequest(name: "someone", role: role))
            for route in OperatorRoutes.all {
                let mayLook =
                    route.method == .get && route != OperatorRoutes.bootstrapTokens.description
                    && route != OperatorRoutes.operatorTokens.description
                let isAllowed =
                    switch role {
                    case .viewer: mayLook
                    case .operator: mayLook || Self.operators.contains(route)
                    case .admin: true
                    }
                let answer = try await servers[0].exchange(target(route), bearer: token.text)
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
            let bootstrap = try await eu.call(
                OperatorRoutes.createBootstrapToken(), sending: BootstrapTokenRequest())
            let token = try await eu.call(
                OperatorRoutes.createOperatorToken(), sending: OperatorTokenRequest(name: "someone", role: .viewer))
            _ = try await eu.ping("us")
            let canaries = [secrets.inbound, secrets.outbound, bootstrap.text, token.text, eu.admin]
            let lists = OperatorRoutes.all.filter { $0.method == .get && !$0.template.contains("{") }
            for server in [eu, us] {
                for route in lists.map(\.template) + [PublicPaths.metrics, PublicPaths.description] {
                    let answer = try await server.exchange(Self.look(at: route), bearer: server.admin)
                    #expect(answer.status == 200, "\(route)")
                    #expect(!canaries.contains { answer.text.contains($0) }, "\(route)")
                    #expect(!answer.text.contains("PRIVATE KEY"), "\(route)")
                }
            }
        }
    }

    private static func look(at path: String) -> RouteTarget { RouteTarget(method: .get, path: path) }

    @Test func `a change and its audit entry come together`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            let text = ConfigurationText(contentType: "text/yaml", body: "a: 1")
            let saved = try await eu.call(
                OperatorRoutes.saveConfiguration("base"), sending: text)
            try await eu.call(
                OperatorRoutes.saveGroup("web"),
                sending: GroupSettings(configuration: "base"))
            let entries = try await eu.audit()
            #expect(entries.contains { $0.action == .configurationSaved && $0.after == saved.hash })
            #expect(entries.contains { $0.action == .groupSaved && $0.actor == "admin" })
            let refused = try await eu.exchange(
                OperatorRoutes.deleteConfiguration("base"), bearer: eu.admin)
            #expect(refused.problem?.code == "fleet.in-use")
            let verdict = try await eu.call(OperatorRoutes.verifyAudit())
            #expect(verdict.ok && verdict.entries >= entries.count)
        }
    }

    @Test func `every operator token stands in the audit trail under the identifier that lists show`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            let made = try await eu.call(
                OperatorRoutes.createOperatorToken(), sending: OperatorTokenRequest(name: "someone", role: .viewer))
            let listed = try await eu.call(OperatorRoutes.operatorTokens())
            let audited = try await eu.audit().filter { $0.action == .operatorTokenCreated }
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
