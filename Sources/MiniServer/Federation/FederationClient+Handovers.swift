import Foundation
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

extension FederationClient: PeerCalls {
    func redeem(
        _ handover: HandoverID, _ request: RedemptionRequest, at peer: PeerID
    ) async throws(PeerCallFailure) -> HandoverStatus {
        try await answer(
            FederationRoutes.redeem, path: FederationRoutes.redeem.path("\(handover)"), sending: request,
            trace: handover, of: peer)
    }

    func deliver(
        _ event: NoticeMessage, of handover: HandoverID, to peer: PeerID
    ) async throws(PeerCallFailure) -> NoticeReceipt {
        try await answer(
            FederationRoutes.notices, path: FederationRoutes.notices.path("\(handover)"), sending: event,
            trace: handover, of: peer)
    }

    func status(of handover: HandoverID, at peer: PeerID) async throws(PeerCallFailure) -> HandoverStatus {
        try await answer(
            FederationRoutes.handover, path: FederationRoutes.handover.path("\(handover)"), trace: handover, of: peer)
    }

    func handovers(ofLeaf leaf: Fingerprint, at peer: PeerID) async throws(PeerCallFailure) -> [HandoverStatus] {
        let page: Page<HandoverStatus> = try await answer(
            FederationRoutes.handovers, path: "\(FederationRoutes.handovers.template)?\(QueryNames.agent)=\(leaf)",
            trace: nil, of: peer)
        return page.items
    }

    private func answer<Answer: Decodable>(
        _ route: Route, path: String, sending body: (any Encodable)? = nil, trace: HandoverID?, of id: PeerID
    ) async throws(PeerCallFailure) -> Answer {
        let reply: Reply
        let name: String
        do {
            guard let peer = try await server.database.read({ try $0.peers.find(id) }) else {
                throw NotFound.peer(id.description)
            }
            name = peer.name
            let bytes = try body.map { Array(try JSONEncoder().encode($0)) }
            reply = try await ask(Question(route, path: path, body: bytes, traceID: trace?.traceID), of: peer)
        } catch {
            throw .unanswered(Self.message(of: error))
        }
        return try Self.read(reply, from: name)
    }

    /// An answer of this type, or why there is none. Only a word about the handover itself is a refusal: all else says
    /// nothing about the question, and it may be asked again.
    private static func read<Answer: Decodable>(_ reply: Reply, from name: String) throws(PeerCallFailure) -> Answer {
        if reply.status == 200 {
            guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(reply.body)) else {
                throw .unanswered(PeerCallError.unreadable(peer: name).operatorMessage)
            }
            return answer
        }
        if let problem = reply.problem, problem.code.hasPrefix("handover."), (400..<500).contains(reply.status) {
            throw .refused(
                status: reply.status, problem.operatorMessage, lastSequence: problem.lastSequence)
        }
        throw .unanswered(
            reply.outcome.failure ?? PeerCallError.status(reply.status, peer: name).operatorMessage)
    }

    private static func message(of error: any Error) -> OperatorMessage {
        (error as? any OperatorExplainable)?.operatorMessage ?? RequestRefusal.failed.operatorMessage
    }
}
