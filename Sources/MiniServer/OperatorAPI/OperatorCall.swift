import Foundation
import HTTPTypes
import Hummingbird
import ServerAPI
import ServerCore
import ServerTransport
import Vocabulary

/// One route of the operator interface: its path, the required role, and its handler.
struct OperatorRoute: Sendable {
    let route: Route
    let act: OperatorAct
    let respond: @Sendable (OperatorCall) async throws -> Response

    /// - Parameter answer: what the handler's value becomes; a change is saved with its audit entry by the handler.
    init<Answer: Encodable & SendableMetatype>(
        _ route: Route, _ act: OperatorAct, _ handler: @escaping @Sendable (OperatorCall) async throws -> Answer
    ) {
        self.route = route
        self.act = act
        respond = { try .json(try await handler($0)) }
    }

    static func effect(
        _ route: Route, _ act: OperatorAct, _ handler: @escaping @Sendable (OperatorCall) async throws -> Void
    ) -> OperatorRoute {
        OperatorRoute(route: route, act: act) { call in
            try await handler(call)
            return Response(status: .noContent)
        }
    }

    private init(
        route: Route, act: OperatorAct, respond: @escaping @Sendable (OperatorCall) async throws -> Response
    ) {
        (self.route, self.act, self.respond) = (route, act, respond)
    }
}

/// One request of an operator who may make it.
struct OperatorCall: Sendable {
    let request: Request
    let context: CallerContext
    let token: OperatorToken

    /// The actor in the audit trail.
    var audit: AuditContext {
        AuditContext(
            actor: token.name, role: token.role.rawValue, sourceAddress: context.caller.address,
            traceID: request.traceID)
    }

    func body<Body: Decodable>(_ type: Body.Type = Body.self) async throws -> Body { try await request.json() }

    /// - Throws: `RequestRefusal.parameter` when the name is not one that an operator may give.
    func name() throws -> String {
        let name = text("name").removingPercentEncoding ?? ""
        guard isValidName(name) else { throw RequestRefusal.parameter(name: "name", reason: nameRule) }
        return name
    }

    /// The text of a placeholder that is an identifier.
    func text(_ placeholder: String) -> String { context.parameters.get(placeholder) ?? "" }

    /// The agent's row here; an agent of a peer is refused by name.
    func localAgent() throws -> AgentID {
        try RemoteAgentID.localOnly(text("id").removingPercentEncoding ?? "")
    }

    func handoverID() throws -> HandoverID {
        guard let id = HandoverID(text("id")) else {
            throw RequestRefusal.parameter(name: "id", reason: "it is not a handover's identifier")
        }
        return id
    }

    func seconds(_ value: Int?, named name: String) throws -> Duration? {
        guard let value else { return nil }
        guard (0...(366 * 86_400)).contains(value) else {
            throw RequestRefusal.parameter(name: name, reason: "it is not a sensible number of seconds")
        }
        return .seconds(value)
    }
}
