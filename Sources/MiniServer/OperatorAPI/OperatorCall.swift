import Foundation
import HTTPTypes
import Hummingbird
import ServerAPI
import ServerCore
import ServerTransport
import Vocabulary

/// One route of the operator interface, the required role, and its handler. A handler saves a change together with its
/// audit entry.
struct OperatorRoute: Sendable {
    let route: RouteDescription
    let act: OperatorAct
    let respond: @Sendable (OperatorCall) async throws -> Response

    init<Answer>(
        _ route: Route<NoContent, Answer>, _ act: OperatorAct,
        _ handler: @escaping @Sendable (OperatorCall) async throws -> Answer
    ) {
        (self.route, self.act) = (route.description, act)
        respond = { try .json(try await handler($0)) }
    }

    init<Body, Answer>(
        _ route: Route<Body, Answer>, _ act: OperatorAct,
        _ handler: @escaping @Sendable (OperatorCall, Body) async throws -> Answer
    ) {
        (self.route, self.act) = (route.description, act)
        respond = { try .json(try await handler($0, try await $0.request.body(of: route, unknownMembers: .refused))) }
    }

    init(
        _ route: Route<NoContent, NoContent>, _ act: OperatorAct,
        _ handler: @escaping @Sendable (OperatorCall) async throws -> Void
    ) {
        (self.route, self.act) = (route.description, act)
        respond = { call in
            try await handler(call)
            return Response(status: .noContent)
        }
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

    /// - Throws: `RequestRefusal.parameter` for one that would leave too few for later handovers.
    func epoch(_ value: Epoch?, named name: String) throws -> Epoch? {
        guard let value else { return nil }
        guard value <= Epoch(UInt32.max) else {
            throw RequestRefusal.parameter(name: name, reason: "it is greater than \(UInt32.max)")
        }
        return value
    }
}
