import Certificates
import HTTPTypes
import Logging
import ServerCore
import ServerStorage
import Vocabulary

// Who may come in, and as what.
extension FleetService {
    func admit(_ request: ConnectionRequest) async -> Admission {
        do {
            return try await admission(of: request)
        } catch let refusal as LeafRefusal {
            await auditRefusal(refusal, of: request)
            return .refused(refusal.problem)
        } catch let refusal as FleetRefusal {
            server.log.notice("enrolment refused", metadata: ["reason": "\(refusal.operatorMessage)"])
            return .refused(Problem(.unauthorized, refusal))
        } catch {
            server.log.error("admission failed", metadata: ["reason": "\(error.explained)"])
            var problem = ListenerRefusal.overloaded.problem
            problem.handoverCause = MoveCause.serverError.code
            return .refused(problem)
        }
    }

    private func admission(of request: ConnectionRequest) async throws -> Admission {
        let leaf = request.caller.leaf
        // The source offers as soon as it has honoured a claim, and an agent can be faster than the answer to it.
        if let leaf { await shell.redemptions.end(of: leaf.fingerprint) }
        let authorities = server.authority.signingKeys.honoured
        let decision = try await server.database.read { tables in
            let known = try leaf.map { try tables.records(ofLeaf: $0.fingerprint) }
            return LeafAcceptance(
                presented: leaf, bearsBootstrapToken: request.bearer != nil, row: known?.row,
                arrivals: known?.arrivals ?? [], departures: known?.departures ?? [], ownAuthorities: authorities,
                newerLeafIsLive: known?.row.map { self.isLiveWithAnother($0, than: leaf) } ?? false,
                handover: request.handover
            ).decision(at: request.at)
        }
        switch decision {
        case .agent(let agent): return .admitted(agent: agent, standing: .member)
        case .arriving(let agent, let handover): return .admitted(agent: agent, standing: .arriving(handover))
        case .movedOn(let agent, let handover): return .admitted(agent: agent, standing: .movedOn(handover))
        // A token that was used lets its own agent ask again, because the answer may have been lost on the way; whether
        // it is that agent is seen from the key in its request.
        case .bootstrap:
            return .admitted(agent: try await bootstrapToken(request, at: request.at).bearer, standing: .enrolling)
        case .refused(let refusal): throw refusal
        }
    }

    private func isLiveWithAnother(_ row: AgentRecord, than presented: Certificate?) -> Bool {
        row.leaf != presented && server.agents.session(of: row.id).map { $0.leaf == row.fingerprint } ?? false
    }

    func bootstrapToken(_ request: ConnectionRequest, at now: Timestamp) async throws -> BootstrapToken {
        guard let digest = request.bearer.flatMap({ Credential.bootstrapToken.digest(of: $0.reveal()) }),
            let token = try await server.database.read({ try $0.bootstrapTokens.find(digest: digest) })
        else { throw FleetRefusal.bootstrapUnknown }
        try token.checkLife(at: now)
        return token
    }

    private func auditRefusal(_ refusal: LeafRefusal, of request: ConnectionRequest) async {
        let message = refusal.operatorMessage
        let leaf = request.caller.leaf?.fingerprint
        server.log.notice(
            "agent refused",
            metadata: [
                "code": "\(message.code)", "leaf": "\(leaf?.description ?? "none")",
                "from": "\(request.caller.address)",
            ])
        let newcomer = (leaf, "refused", request.caller.address)
        let entries: [(leaf: Fingerprint?, state: String, address: String)]
        let (row, action): (AgentID, AuditAction)
        switch refusal {
        case .replaced(_, let agent): (row, action, entries) = (agent, .leafRefused, [newcomer])
        case .clone(_, let agent):
            // Which of the two is the copy is for a person to find out.
            let live = server.agents.session(of: agent).map { [($0.leaf, "live", $0.request.caller.address)] } ?? []
            (row, action, entries) = (agent, .clone, live + [newcomer])
        // Whoever is no agent of ours is not worth a row that anyone could fill the disk with.
        case .absent, .unknown, .notIssued, .otherAgent, .revoked, .notHere, .notAwaited, .tooEarly: return
        }
        _ = try? await server.database.write { tables in
            for entry in entries {
                let fact = AuditFact(
                    action, entityType: "agent", entityID: row.description, after: entry.state,
                    additional: .members([
                        "fingerprint": (entry.leaf?.description).map(JSON.string), "code": .string(message.code),
                    ]))
                let context = AuditContext(actor: "agent:\(row)", role: "agent", sourceAddress: entry.address)
                try tables.audit.append(fact, context: context, at: request.at)
            }
        }
    }
}

extension LeafRefusal {
    /// The answer to an upgrade or a poll, which a person and an agent can read.
    var problem: Problem {
        var problem = Problem(status, self)
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
