import Certificates
import HandoverToken
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

extension FederationClient {
    /// Tries both factors, and reports which one failed. A peer that was never refreshed is refreshed at once, so that
    /// a good ping means that handovers can be issued.
    func ping(_ peer: PeerRecord, by context: AuditContext) async throws -> PingResult {
        let reply = try await ask(Question(FederationRoutes.ping()), of: peer, by: context) { reply in
            guard let answer = reply.identity else { return .notAPeer(status: reply.status) }
            return answer.peerID == peer.id ? reply.outcome : .otherPeer(answer.peerID)
        }
        if reply.outcome.isOK {
            try await prefer(reply.identity?.pinned, for: peer)
            if peer.opampEndpoint == nil { _ = try? await refresh(peer, by: context) }
        }
        let failure = reply.outcome.failure
        var milliseconds = 0
        if case .answered(let measured) = reply.outcome { milliseconds = measured }
        if case .timedOut(let waited) = reply.outcome { milliseconds = waited }
        return PingResult(
            ok: reply.outcome.isOK, text: reply.outcome.text, milliseconds: milliseconds, code: failure?.code,
            nextAction: failure?.nextAction, presentedChain: reply.presented.map(AuthorityFacts.init),
            answer: reply.outcome.isOK ? reply.identity : nil)
    }

    /// Fetches the peer's trust statement, and saves it if a recorded signer has signed it.
    ///
    /// - Throws: `PeerCallFailure`, `TrustStatementRefusal` or `FederationRefusal`.
    @discardableResult
    func refresh(_ peer: PeerRecord, by context: AuditContext) async throws -> PeerRecord {
        let signers = peer.trust.tokenSigners.certificates.map { "\($0.fingerprint)" }.joined(separator: ",")
        let bundle = try await fetch(FederationRoutes.trustBundle(query: [.signers: signers]), of: peer, by: context)
        try await prefer(bundle.pinned, for: peer)
        return try await server.learn(bundle.statement, of: peer.id, by: context)
    }

    /// The search parameters for a peer's agents.
    struct FleetQuery: Sendable {
        var text: String?
        var cursor: String?
        var limit = PageLimit.usual
    }

    /// A page of the peer's agents, under their names here.
    func agents(_ query: FleetQuery, at peer: PeerRecord, by context: AuditContext) async throws -> Page<AgentSummary> {
        let call = FederationRoutes.agents(
            query: [.limit: String(query.limit), .query: query.text, .cursor: query.cursor])
        var page = try await fetch(call, of: peer, by: context)
        page.items = page.items.map { $0.remote(of: peer) }
        return page
    }

    /// One agent of the peer, read-only.
    func agent(_ text: String, at peer: PeerRecord, by context: AuditContext) async throws -> AgentDetail {
        guard let id = AgentID(text) else { throw NotFound.agent(text) }
        var detail = try await fetch(FederationRoutes.agent("\(id)"), of: peer, by: context)
        detail.summary = detail.summary.remote(of: peer)
        return detail
    }

    private func fetch<Answer>(
        _ call: RouteCall<NoContent, Answer>, of peer: PeerRecord, by context: AuditContext
    ) async throws -> Answer {
        let reply = try await ask(Question(call), of: peer, by: context)
        if let failure = reply.outcome.failure { throw PeerCallFailure.unanswered(failure) }
        guard reply.status == 200 else {
            let message =
                reply.problem?.operatorMessage ?? PeerCallError.status(reply.status, peer: peer.name).operatorMessage
            throw PeerCallFailure.refused(status: reply.status, message, lastSequence: nil)
        }
        guard let answer = reply.answer(to: call) else { throw PeerCallError.unreadable(peer: peer.name) }
        return answer
    }
}

extension FederationClient.Reply {
    fileprivate var identity: PeerIdentity? {
        status == 200 ? answer(to: FederationRoutes.ping()) : nil
    }
}

extension AgentSummary {
    fileprivate func remote(of peer: PeerRecord) -> AgentSummary {
        var summary = self
        if let id = AgentID(id) { summary.id = RemoteAgentID(peer: peer.name, agent: id).description }
        return summary
    }
}
