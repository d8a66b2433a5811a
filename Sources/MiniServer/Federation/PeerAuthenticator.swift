import HTTPTypes
import Hummingbird
import Logging
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import Synchronization
import Vocabulary

/// One request of a peer that presented both factors.
struct PeerRequest: Sendable {
    let request: Request
    let context: CallerContext
    let peer: PeerRecord

    var audit: AuditContext {
        AuditContext(
            actor: "peer:\(peer.name)", role: "peer", sourceAddress: context.caller.address,
            traceID: request.traceID)
    }

    /// - Throws: `RequestRefusal.notFound` for what is no identifier, as for a path that is not there.
    func handoverID() throws -> HandoverID {
        guard let id = HandoverID(context.parameters.get("id") ?? "") else {
            throw RequestRefusal.notFound(path: request.uri.path)
        }
        return id
    }
}

/// Authenticates the callers of the federation interface, and audits every request and every refusal.
final class PeerAuthenticator: Sendable {
    let server: ServerContext
    private let throttle = Mutex(AuditThrottle())

    private let attempts = Mutex(SecretAttempts())

    init(server: ServerContext) {
        self.server = server
    }

    func pass(
        _ request: Request, _ context: CallerContext,
        _ respond: @Sendable (PeerRequest) async throws -> Response
    ) async throws -> Response {
        let caller = try await authenticated(request, context)
        let passed = PeerRequest(request: request, context: context, peer: caller.peer)
        server.calls.note(caller.firstUses, of: caller.peer.id, passed.audit, at: server.now())
        do {
            let response = try await respond(passed)
            note(passed, status: response.status)
            return response
        } catch {
            let status =
                (error as? ProblemResponse)?.status
                ?? (error as? any OperatorExplainable).map { ProblemResponse($0).status }
            note(passed, status: status ?? .internalServerError)
            throw error
        }
    }

    private func authenticated(
        _ request: Request, _ context: CallerContext
    ) async throws -> PeerAuthentication.Caller {
        let now = server.now()
        let peers = try server.database.look { try $0.peers.all() }
        do {
            return try attempts.withLock { attempts throws(FederationRefusal) in
                try PeerAuthentication.caller(
                    presented: context.caller.leaf, bearer: request.bearer, peers: peers, attempts: &attempts, at: now)
            }
        } catch {
            note(error, request, context, at: now)
            var problem = ProblemResponse(error)
            if case .certificateNotAccepted(let fingerprint, _) = error { problem.presentedFingerprint = fingerprint }
            if case .tooManyWrongSecrets(_, let pause) = error { problem.retryAfter = pause }
            throw problem
        }
    }

    private func note(_ passed: PeerRequest, status: HTTPResponse.Status) {
        server.metrics.countFederationCall(
            peer: passed.peer.name, direction: .inbound, outcome: status.code < 400 ? "ok" : "refused")
        let fact = AuditFact(
            .remoteRequest, entityType: "peer", entityID: passed.peer.name, after: String(status.code),
            additional: .members([
                "peerId": .string(passed.peer.id.description), "method": .string(passed.request.method.rawValue),
                "path": .string(passed.request.uri.path),
            ]))
        server.calls.note(fact, passed.audit, at: server.now())
    }

    private func note(_ refusal: FederationRefusal, _ request: Request, _ context: CallerContext, at now: Timestamp) {
        let (name, fingerprint, outcome) = refusal.caller
        server.metrics.countFederationCall(peer: name ?? "unknown", direction: .inbound, outcome: outcome)
        let address = context.caller.address
        server.log.notice(
            "federation request refused", metadata: ["reason": "\(refusal.auditReason)", "from": "\(address)"])
        guard throttle.withLock({ $0.admits("\(address) \(refusal.auditReason)", at: now) }) else { return }
        let fact = AuditFact(
            .remoteRequest, entityType: "peer", entityID: name ?? "unknown", after: outcome,
            additional: .members([
                "reason": .string(refusal.auditReason), "path": .string(String(request.uri.path.prefix(200))),
                "presented": fingerprint.map { .string($0.description) },
            ]))
        let actor = AuditContext(
            actor: name.map { "peer:\($0)" } ?? "unknown", role: "peer", sourceAddress: address,
            traceID: request.traceID)
        server.calls.note(fact, actor, at: now)
    }
}

extension FederationRefusal {
    /// The peer that was refused, as far as it is known, and its label in the metrics.
    fileprivate var caller: (name: String?, presented: Fingerprint?, outcome: String) {
        switch self {
        case .certificateNotAccepted(let fingerprint, .peerDisabled(let name)),
            .certificateNotAccepted(let fingerprint, .notInForce(let name)):
            (name, fingerprint, "forbidden")
        case .certificateNotAccepted(let fingerprint, _): (nil, fingerprint, "forbidden")
        case .secretNotAccepted(let name), .tooManyWrongSecrets(let name, _): (name, nil, "unauthorized")
        default: (nil, nil, "refused")
        }
    }
}
