import HandoverToken
package import Vocabulary

extension TargetHandover {
    /// What the source may send while this handover is in a phase. A cancellation comes too late once the agent has
    /// arrived: it may have settled, and then knows of no other server. `redeeming` takes `offered` only once the
    /// answer to the claim is here, so that is a gap and not a refusal.
    package static func accepts(_ type: NoticeType, in phase: Phase) -> Bool {
        switch (phase, type) {
        case (.redeeming, .cancelled), (.redeeming, .leafRevoked), (.redeeming, .returned),
            (.awaiting, .offered), (.awaiting, .returned), (.awaiting, .cancelled), (.awaiting, .leafRevoked),
            (.connected, .offered), (.connected, .returned), (.connected, .cancelled), (.connected, .leafRevoked),
            (.arrived, .offered), (.arrived, .returned), (.arrived, .leafRevoked),
            (.settled, .offered), (.settled, .returned),
            (.lapsed, .offered), (.lapsed, .returned), (.lapsed, .cancelled), (.lapsed, .leafRevoked),
            (.withdrawn, .offered), (.withdrawn, .returned), (.withdrawn, .cancelled), (.withdrawn, .leafRevoked):
            true
        case (.previewed, _), (.redeeming, _), (.awaiting, _), (.connected, _), (.arrived, _), (.settled, _),
            (.lapsed, _), (.withdrawn, _):
            false
        }
    }

    func taking(_ notice: HandoverNotice, at now: Timestamp) -> Step {
        taking(
            notice, isReady: phase != .redeeming || notice.type != .offered,
            isAllowed: Self.accepts(notice.type, in: phase) && !isTooLate(notice.type, at: now)
        ) { step in
            take(notice, into: &step, at: now)
        }
    }

    /// A cancellation would leave an agent that has settled here without a server.
    private func isTooLate(_ type: NoticeType, at now: Timestamp) -> Bool {
        type == .cancelled && mayHaveSettled(at: now) && phase.isOpen
    }

    private func take(_ notice: HandoverNotice, into step: inout Step, at now: Timestamp) {
        switch notice.type {
        case .offered:
            step.record(.offerSent, ["hash": notice.facts["hash"]])
            guard let hash = notice.facts["hash"].flatMap({ Hex.decode($0) }) else { break }
            step.state.offerHashes = offerHashes.suffix(7) + [hash]
            // An agent may be faster than this notice.
            if unproven == hash, phase == .awaiting || phase == .connected { step.arrive(hash: hash, at: now) }
        case .returned: withdraw(&step, .agentReturned, notice.facts["reason"] ?? "the agent went back", at: now)
        case .cancelled: withdraw(&step, .cancelled, notice.facts["reason"] ?? "the source cancelled it", at: now)
        case .leafRevoked: withdraw(&step, .leafRevoked, "the source revoked the leaf", at: now)
        case .connected, .arrived, .settled, .lapsed: break
        }
    }

    private func withdraw(_ step: inout Step, _ action: AuditAction, _ reason: String, at now: Timestamp) {
        guard phase != .lapsed, phase != .withdrawn else { return }
        step.withdraw(action, because: reason, at: now)
    }
}
