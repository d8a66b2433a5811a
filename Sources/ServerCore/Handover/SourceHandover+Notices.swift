import HandoverToken
package import Vocabulary

extension SourceHandover {
    /// What the target may send while this handover is in a phase; everything else is refused - but that the agent
    /// arrived before an operator's cancellation reached the target.
    package static func accepts(_ type: NoticeType, in phase: Phase) -> Bool {
        switch (phase, type) {
        case (.redeemed, .connected), (.redeemed, .arrived), (.redeemed, .lapsed),
            (.offered, .connected), (.offered, .arrived), (.offered, .lapsed),
            (.leaving, .connected), (.leaving, .arrived), (.leaving, .lapsed),
            (.moved, .settled):
            true
        case (.issued, _), (.redeemed, _), (.offered, _), (.leaving, _), (.moved, _), (.settled, _), (.expired, _),
            (.cancelled, _), (.returned, _):
            false
        }
    }

    func taking(_ notice: HandoverNotice, at now: Timestamp) -> Step {
        let isLateArrival = notice.type == .arrived && phase == .cancelled && mayStillArrive == true
        return taking(notice, isAllowed: Self.accepts(notice.type, in: phase) || isLateArrival) { step in
            take(notice, into: &step, at: now)
        }
    }

    private func take(_ notice: HandoverNotice, into step: inout Step, at now: Timestamp) {
        // The agent at the target shows that the offer was sent, before this server has said so to itself.
        if phase == .redeemed, notice.type == .connected || notice.type == .arrived { step.offered(at: now) }
        switch notice.type {
        case .connected:
            step.state.isLeft = true
            if isBack == true {
                // The two messages may have crossed, so their order proves nothing. A session that it has left ends in time.
                let decidesAt = max(returnsFrom ?? now, now + HandoverTiming.lingering)
                step.state.returnsFrom = decidesAt
                step.directives = [.wake(at: decidesAt)]
            }
            if phase != .leaving { step.enter(.leaving, .agentLeaving, ["seen": "at the target"]) }
        case .arrived:
            step.state.ending = nil
            step.state.targetRow = notice.facts["agent"].flatMap { AgentID($0) }
            step.state.mayStillArrive = nil
            step.rows = [.markMoved(agent, to: claims.audience, name: claims.target.name)]
            step.enter(.moved, .completed, ["target": claims.target.name, "targetAgent": notice.facts["agent"]])
            step.directives = [.closeSessions(claims.leaf)]
        case .settled: step.enter(.settled, .settled)
        case .lapsed: step.end(.expired, .lapsed, because: notice.facts["reason"] ?? "the target never saw the agent")
        case .offered, .returned, .cancelled, .leafRevoked: break
        }
    }
}
