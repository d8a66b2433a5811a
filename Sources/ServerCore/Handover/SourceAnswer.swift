package import Vocabulary

/// What the source says of a token when a target asks it.
package enum SourceAnswer: Hashable, Sendable {
    /// Nothing, or nothing that could be understood.
    case unanswered
    /// It said no, by this code.
    case refused(code: String)
    case phase(SourceHandover.Phase, redemption: RedemptionID?)

    /// Why the token is not to be redeemed here.
    ///
    /// - Parameter own: the redemption that this server has claimed before.
    func problem(at peer: PeerRecord, own: RedemptionID?) -> HandoverRefusal? {
        switch self {
        case .unanswered: .sourceUnreachable(peer.name)
        case .refused(let code): .refusedBySource(code: code)
        case .phase(.issued, _): nil
        case .phase(.redeemed, let claimed), .phase(.offered, let claimed), .phase(.leaving, let claimed),
            .phase(.moved, let claimed), .phase(.settled, let claimed):
            claimed == own ? nil : .refusedBySource(code: HandoverCode.alreadyRedeemed.code)
        case .phase(.expired, _): .refusedBySource(code: HandoverCode.expired.code)
        case .phase(.cancelled, _), .phase(.returned, _): .refusedBySource(code: HandoverCode.cancelled.code)
        }
    }
}
