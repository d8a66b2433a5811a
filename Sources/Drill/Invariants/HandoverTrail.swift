import ServerAPI
import Vocabulary

/// Which audit entries a handover must have left behind by the time it is in a phase.
enum HandoverTrail {
    /// `nil` for a phase that a source is never in.
    private static func required(ofSource phase: HandoverPhase) -> Set<AuditAction>? {
        switch phase {
        case .issued: [.tokenIssued]
        case .redeemed: [.tokenIssued, .tokenRedeemed]
        case .offered: [.tokenIssued, .tokenRedeemed, .offerSent]
        case .leaving: [.tokenIssued, .tokenRedeemed, .agentLeaving]
        case .moved: [.tokenIssued, .tokenRedeemed, .completed]
        case .settled: [.tokenIssued, .tokenRedeemed, .completed, .settled]
        case .returned: [.tokenIssued, .tokenRedeemed, .agentReturned]
        case .expired: [.tokenIssued, .lapsed]
        case .cancelled: [.tokenIssued, .cancelled]
        case .previewed, .redeeming, .awaiting, .connected, .arrived, .lapsed, .withdrawn: nil
        }
    }

    /// `nil` for a phase that the record of a target is never in; a preview leaves none.
    private static func required(ofTarget phase: HandoverPhase) -> Set<AuditAction>? {
        switch phase {
        case .redeeming: [.redemptionRequested]
        case .awaiting: [.tokenRedeemed]
        case .connected: [.tokenRedeemed, .agentConnected]
        case .arrived: [.tokenRedeemed, .agentConnected, .agentArrived]
        case .settled: [.tokenRedeemed, .agentConnected, .agentArrived, .settled]
        case .lapsed: [.redemptionRequested, .lapsed]
        case .withdrawn: [.redemptionRequested]
        case .issued, .redeemed, .offered, .leaving, .moved, .expired, .cancelled, .returned, .previewed: nil
        }
    }

    /// What may end a handover otherwise than settled.
    private static let endings: Set<AuditAction> = [.tokenRefused, .cancelled, .agentReturned, .lapsed]

    /// What is missing, on this side or, of what the other side has caused, there.
    static func gaps(in detail: HandoverDetail, on server: Evidence.Server, beside others: [Evidence.Server])
        -> [String]
    {
        let summary = detail.summary
        let what = "\(server.label): handover \(summary.id)"
        let isSource = summary.role == .source
        let needed = summary.phase.known.flatMap { phase -> Set<AuditAction>? in
            isSource ? required(ofSource: phase) : required(ofTarget: phase)
        }
        guard let needed else { return ["\(what) is in an unknown phase \(summary.phase)"] }
        let steps = steps(of: detail, on: server)
        let written = Set(Evidence.actions(of: summary.id, on: server).compactMap(\.action.known))
        let missing = needed.subtracting(written).map(\.rawValue).sorted()
        var gaps = missing.isEmpty ? [] : ["\(what) is \(summary.phase) without \(missing.joined(separator: ", "))"]
        gaps += jumps(in: steps, to: summary.phase.text).map { "\(what) \($0)" }
        // A notice that comes after the end is an entry without `before`: it remarks on the end and is not its cause.
        if isEnded(summary), let last = steps.last(where: { $0.before != nil && $0.before != $0.after }) {
            gaps += causeless(last, of: detail, on: server, beside: others).map { "\(what) \($0)" }
        }
        return gaps
    }

    private static func isEnded(_ summary: HandoverSummary) -> Bool {
        summary.phase.isOne(of: [.withdrawn, .lapsed, .expired, .cancelled, .returned])
    }

    /// The entries that name a phase; a token refused before redemption names none.
    private static func steps(of detail: HandoverDetail, on server: Evidence.Server) -> [AuditEvent] {
        Evidence.actions(of: detail.summary.id, on: server).filter { $0.after != nil }
    }

    /// Each entry begins with the phase in which the previous one ended, and the last one ends with the handover's
    /// phase.
    private static func jumps(in steps: [AuditEvent], to phase: String) -> [String] {
        var jumps: [String] = []
        for (earlier, later) in zip(steps, steps.dropFirst()) {
            // An entry without `before` remarks on a phase and does not change it.
            let begin = later.before ?? later.after
            if begin != earlier.after {
                jumps.append("went from \(earlier.after ?? "") to \(begin ?? "") without an entry")
            }
        }
        let last = steps.last?.after ?? "nothing"
        return last == phase ? jumps : jumps + ["is \(phase), and its last entry says \(last)"]
    }

    /// An end that came from elsewhere is written down there as well.
    ///
    /// A server that was restored from a backup may know nothing of the handover.
    private static func causeless(
        _ last: AuditEvent, of detail: HandoverDetail, on server: Evidence.Server, beside others: [Evidence.Server]
    ) -> [String] {
        guard last.action.isOne(of: endings) else {
            return ["ended as \(detail.summary.phase) by \(last.action)"]
        }
        let isTold = last.role == "peer"
        let isAsked = last.role == "server" && last.action.isOne(of: [.agentReturned, .cancelled])
        guard isTold || isAsked else { return [] }
        let id = detail.summary.id
        let knowing = others.filter { other in other.handovers.contains { $0.summary.id == id } }
        let isSuperseded = (others + [server]).flatMap(\.handovers).contains {
            $0.instanceUID == detail.instanceUID && $0.summary.epoch > detail.summary.epoch
        }
        let isWritten = knowing.contains { other in
            Evidence.actions(of: id, on: other).contains { $0.action.isOne(of: endings) }
                || other.audit.contains {
                    $0.action == .leafRevoked && $0.additional["fingerprint"] == "\(detail.summary.fingerprint)"
                }
        }
        return knowing.isEmpty || isWritten || isSuperseded
            ? [] : ["was ended by \(last.actor), and \(knowing[0].label) has no entry of that"]
    }
}
