import HTTPTypes
import Hummingbird
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import Vocabulary

/// What operators and their programs call, under `/api/`.
struct OperatorInterface: Sendable {
    let server: ServerContext
    let fleet: FleetService
    let handovers: HandoverService
    let federation: FederationClient

    /// Every route of `OperatorRoutes`, grouped by subject.
    var routes: [OperatorRoute] {
        serverRoutes + agentRoutes + groupRoutes + configurationRoutes + credentialRoutes + authorityRoutes + peerRoutes
            + handoverRoutes + auditRoutes
    }

    func add(to router: Router<CallerContext>) {
        for entry in routes {
            guard let method = HTTPRequest.Method(entry.route.method.rawValue) else { continue }
            router.on(RouterPath(entry.route.template), method: method) { request, context in
                let token = try await authenticated(request, context)
                guard token.role.may(entry.act) else {
                    throw AccessRefusal.roleTooLow(token.role, needed: entry.act.role)
                }
                return try await entry.respond(OperatorCall(request: request, context: context, token: token))
            }
        }
    }

    /// Of the whole server.
    var knownPaths: KnownPaths {
        KnownPaths(
            (routes.map(\.route) + FederationRoutes.all).map { ($0.method.rawValue, $0.template) }
                + PublicRoutes.paths.map { ("GET", $0) } + [("POST", PublicPaths.opamp), ("GET", PublicPaths.opamp)])
    }

    var view: FleetView { FleetView(server: server, fleet: fleet) }

    /// The operator whose token the request contains.
    private func authenticated(_ request: Request, _ context: CallerContext) async throws -> OperatorToken {
        guard let bearer = request.bearer, let digest = Credential.operatorToken.digest(of: bearer) else {
            throw AccessRefusal.notAuthenticated
        }
        // Found by digest: the time of the comparison reveals nothing about the token's text.
        guard let token = try server.database.look({ try $0.operatorTokens.find(Hex.encode(digest)) }),
            token.isInForce(at: server.now())
        else { throw AccessRefusal.notAuthenticated }
        return token
    }
}
