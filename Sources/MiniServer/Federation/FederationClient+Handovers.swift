import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

extension FederationClient: PeerCalls {
    func redeem(
        _ handover: HandoverID, _ request: RedemptionRequest, at peer: PeerID
    ) async throws(PeerCallFailure) -> HandoverStatus {
        let call = FederationRoutes.redeem("\(handover)")
        return try await answer(to: call, of: peer) {
            try Question(call, sending: request, traceID: handover.traceID)
        }
    }

    func deliver(
        _ batch: NoticeBatch, of handover: HandoverID, to peer: PeerID
    ) async throws(PeerCallFailure) -> NoticeReceipt {
        let call = FederationRoutes.notices("\(handover)")
        return try await answer(to: call, of: peer) { try Question(call, sending: batch, traceID: handover.traceID) }
    }

    func status(of handover: HandoverID, at peer: PeerID) async throws(PeerCallFailure) -> HandoverStatus {
        let call = FederationRoutes.handover("\(handover)")
        return try await answer(to: call, of: peer) { Question(call, traceID: handover.traceID) }
    }

    func handovers(ofLeaf leaf: Fingerprint, at peer: PeerID) async throws(PeerCallFailure) -> [HandoverStatus] {
        let call = FederationRoutes.handovers(query: [.agent: "\(leaf)"])
        return try await answer(to: call, of: peer) { Question(call) }.items
    }

    private func answer<Body, Answer>(
        to call: RouteCall<Body, Answer>, of id: PeerID, asking question: () throws -> Question
    ) async throws(PeerCallFailure) -> Answer {
        let reply: Reply
        let name: String
        do {
            guard let peer = try server.database.look({ try $0.peers.find(id) }) else {
                throw NotFound.peer(id.description)
            }
            name = peer.name
            reply = try await ask(try question(), of: peer)
        } catch {
            throw .unanswered(Self.message(of: error))
        }
        return try Self.read(reply, to: call, from: name)
    }

    /// An answer of this type, or why there is none. Only a word about the handover itself is a refusal: all else says
    /// nothing about the question, and it may be asked again.
    private static func read<Body, Answer>(
        _ reply: Reply, to call: RouteCall<Body, Answer>, from name: String
    ) throws(PeerCallFailure) -> Answer {
        if reply.status == 200 {
            guard let answer = reply.answer(to: call) else {
                throw .unanswered(PeerCallError.unreadable(peer: name).operatorMessage)
            }
            return answer
        }
        if let problem = reply.problem, problem.code.hasPrefix(HandoverCode.area + "."),
            (400..<500).contains(reply.status)
        {
            throw .refused(
                status: reply.status, problem.operatorMessage, lastSequence: problem.lastSequence)
        }
        throw .unanswered(
            reply.outcome.failure ?? PeerCallError.status(reply.status, peer: name).operatorMessage)
    }

    private static func message(of error: any Error) -> OperatorMessage {
        (error as? any OperatorExplainable)?.operatorMessage ?? ServerFailure.failed.operatorMessage
    }
}
