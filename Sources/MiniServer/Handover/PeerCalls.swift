import ServerAPI
import ServerCore
import Vocabulary

/// What handovers ask of a peer, each with both factors and within its deadline.
protocol PeerCalls: Sendable {
    func redeem(_ handover: HandoverID, _ request: RedemptionRequest, at peer: PeerID) async throws(PeerCallFailure)
        -> HandoverStatus
    func deliver(_ batch: NoticeBatch, of handover: HandoverID, to peer: PeerID) async throws(PeerCallFailure)
        -> NoticeReceipt
    func status(of handover: HandoverID, at peer: PeerID) async throws(PeerCallFailure) -> HandoverStatus
    /// The handovers of an agent's leaf that concern this server and that peer.
    func handovers(ofLeaf leaf: Fingerprint, at peer: PeerID) async throws(PeerCallFailure) -> [HandoverStatus]
}

/// Why a call to a peer has no good answer.
enum PeerCallFailure: Error, Hashable {
    /// The peer answered no, with its operator message.
    case refused(status: Int, OperatorMessage, lastSequence: Int?)
    /// No answer, or one that says nothing about the question.
    case unanswered(OperatorMessage)

    var operatorMessage: OperatorMessage {
        switch self {
        case .refused(_, let message, _), .unanswered(let message): message
        }
    }
}

extension PeerCallFailure: OperatorExplainable {}
