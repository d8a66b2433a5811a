import Certificates
import HTTPTypes
import Logging
import NIOCore
import ServerCore
import ServerStorage
import ServerTransport
import Synchronization
import Vocabulary

// Which connections are accepted, and for which agent.
extension FleetService {
    func admit(_ request: ConnectionRequest, on eventLoop: any EventLoop) -> EventLoopFuture<Admission> {
        // The source sends the offer as soon as it has accepted a redemption, and the agent can arrive before the
        // answer.
        if let leaf = request.caller.leaf, shell.redemptions.isUnderWay(for: leaf.fingerprint) {
            return eventLoop.makeFutureWithTask {
                await self.shell.redemptions.end(of: leaf.fingerprint)
                return await self.admission(of: request) {
                    try self.server.database.look { try self.decision(on: request, $0) }
                }
            }
        }
        return eventLoop.makeCompletedFuture { try server.database.look { try decision(on: request, $0) } }
            .flatMap { decision in
                switch decision {
                case .agent(let agent), .arriving(let agent, _), .movedOn(let agent, _):
                    eventLoop.makeSucceededFuture(.admitted(agent: agent, as: .agent))
                case .bootstrap, .refused:
                    eventLoop.makeFutureWithTask { await self.admission(of: request) { decision } }
                }
            }
            .flatMapError { error in
                eventLoop.makeFutureWithTask { await self.admission(of: request) { throw error } }
            }
    }

    private func decision(
        on request: ConnectionRequest, _ tables: StorageTransaction
    ) throws -> LeafAcceptance.Decision {
        let leaf = request.caller.leaf
        let known = try leaf.map { try tables.records(ofLeaf: $0.fingerprint) }
        return LeafAcceptance(
            presented: leaf, bearsBootstrapToken: request.bearer != nil, row: known?.row,
            arrivals: known?.arrivals ?? [], departures: known?.departures ?? [],
            ownAuthorities: server.authority.signingKeys.honoured,
            newerLeafIsLive: known?.row.map { self.server.isLiveWithAnother($0, than: leaf) } ?? false,
            handover: request.handover
        ).decision(at: request.at)
    }

    private func admission(
        of request: ConnectionRequest, _ decide: () async throws -> LeafAcceptance.Decision
    ) async -> Admission {
        do {
            switch try await decide() {
            case .agent(let agent), .arriving(let agent, _), .movedOn(let agent, _):
                return .admitted(agent: agent, as: .agent)
            // A used token allows its agent to ask again, because the answer may have been lost; the key in the request
            // shows whether it is that agent.
            case .bootstrap:
                return .admitted(agent: try await bootstrapToken(request, at: request.at).bearer, as: .enrolling)
            case .refused(let refusal): throw refusal
            }
        } catch let refusal as LeafRefusal {
            await auditRefusal(refusal, of: request)
            return .refused(refusal.problem)
        } catch let refusal as FleetRefusal {
            log(refusal, "enrolment refused", from: request.caller.address)
            var problem = ProblemResponse(.unauthorized, refusal)
            problem.handoverCause = problem.message.code
            return .refused(problem)
        } catch {
            server.log.error("admission failed", metadata: ["reason": "\(error.explained)"])
            return .refused(ProblemResponse(admissionFailedBy: error))
        }
    }

    func bootstrapToken(_ request: ConnectionRequest, at now: Timestamp) async throws -> BootstrapToken {
        guard let digest = request.bearer.flatMap({ Credential.bootstrapToken.digest(of: $0.reveal()) }),
            let token = try server.database.look({ try $0.bootstrapTokens.find(digest: digest) })
        else { throw FleetRefusal.bootstrapUnknown }
        try token.checkLife(at: now)
        return token
    }

    /// Logs each refusal once per address and second; repeated requests add nothing.
    func log(_ refusal: FleetRefusal, _ event: Logger.Message, from address: String) {
        let code = refusal.operatorMessage.code
        guard refusals.withLock({ $0.admits("\(address) \(code)", at: server.now()) }) else { return }
        server.log.notice(event, metadata: ["reason": "\(refusal.operatorMessage)", "from": "\(address)"])
    }

    private func auditRefusal(_ refusal: LeafRefusal, of request: ConnectionRequest) async {
        let message = refusal.operatorMessage
        let leaf = request.caller.leaf?.fingerprint
        if case .clone = refusal { server.metrics.increment(Metrics.copiesDetected) }
        // Repeated requests are audited once per interval, whatever certificate they present.
        let subject = "\(request.caller.address) \(message.code)"
        guard refusals.withLock({ $0.admits(subject, at: request.at) }) else { return }
        server.log.notice(
            "agent refused",
            metadata: [
                "code": "\(message.code)", "leaf": "\(leaf?.description ?? "none")",
                "from": "\(request.caller.address)",
            ])
        let newcomer = (leaf, "refused", request.caller.address)
        let entries: [(leaf: Fingerprint?, state: String, address: String)]
        let (id, action): (AgentID, AuditAction)
        switch refusal {
        case .replaced(_, let agent): (id, action, entries) = (agent, .leafRefused, [newcomer])
        case .clone(_, let agent):
            // An operator must find out which of the two is the copy.
            let live = server.agents.session(of: agent).map { [($0.leaf, "live", $0.request.caller.address)] } ?? []
            (id, action, entries) = (agent, .copyDetected, live + [newcomer])
        // A client that is no agent of this server gets no row; otherwise anybody could fill the disk.
        case .absent, .unknown, .notIssued, .otherAgent, .revoked, .notHere, .notAwaited, .tooEarly: return
        }
        _ = try? await server.database.write { tables in
            if action == .copyDetected, var row = try tables.agents.find(id) {
                row.copyDetectedAt = request.at
                try tables.agents.save(row)
            }
            for entry in entries {
                let fact = AuditFact(
                    action, entityType: "agent", entityID: id.description, after: entry.state,
                    additional: .members([
                        "fingerprint": (entry.leaf?.description).map(JSON.string), "code": .string(message.code),
                    ]))
                let context = AuditContext(actor: "agent:\(id)", role: "agent", sourceAddress: entry.address)
                try tables.audit.append(fact, context: context, at: request.at)
            }
        }
    }
}

extension ProblemResponse {
    /// Not a refusal: the server could not decide, and reports the reason.
    fileprivate init(admissionFailedBy error: any Error) {
        self =
            (error as? any OperatorExplainable).map { ProblemResponse(.serviceUnavailable, $0) }
            ?? ListenerRefusal.overloaded.problem
        retryAfter = ConcurrencyLimit.retryAfter
        handoverCause = MoveCause.serverError.code
    }
}

extension LeafRefusal {
    /// The answer to an upgrade or a poll, readable for operators and agents.
    var problem: ProblemResponse {
        var problem = ProblemResponse(status, self)
        problem.handoverCause = cause.code
        if case .tooEarly = self { problem.retryAfter = .seconds(1) }
        return problem
    }

    private var status: HTTPResponse.Status {
        switch self {
        case .absent: .unauthorized
        case .tooEarly: .serviceUnavailable
        case .unknown, .notIssued, .otherAgent, .revoked, .notHere, .notAwaited, .replaced, .clone: .forbidden
        }
    }
}
