import Certificates
import OperatorClient
import ServerAPI
import Vocabulary

/// "Cross-cluster handover": issue, preview, redeem, arrive.
extension TwoRegions {
    /// Probations of the drills are seconds, so that settling can be watched.
    static let probationSeconds = 2

    func issue(
        _ agent: AgentProcess, from source: ServerProcess, to target: ServerProcess, ttlSeconds: Int = 3600,
        probationSeconds: Int = TwoRegions.probationSeconds, _ notes: StepNotes
    ) async throws -> IssuedHandover {
        let row = try await row(of: agent, on: source)
        let issued = try await source.api.call(
            OperatorRoutes.issueHandover(),
            sending: HandoverIssue(
                agent: row.description, peer: target.name, ttlSeconds: ttlSeconds,
                probationSeconds: probationSeconds))
        run.world.canaries.add("handover token \(issued.handover.id)", Secret(issued.token))
        run.observations.tokens[target.label] = Secret(issued.token)
        try notes.expect("the phase on \(source.label)", issued.handover.phase, is: OpenWord(.issued))
        try notes.expect("the token's text form", issued.token.hasPrefix("opamp-ho."), seen: "another prefix")
        notes.fact("handover", issued.handover.id)
        notes.fact("trace", issued.handover.traceID)
        notes.fact("epoch", issued.handover.epoch)
        for warning in issued.warnings { notes.fact("warning", warning) }
        notes.say("handover \("\(issued.handover.id)".prefix(8)) · epoch \(issued.handover.epoch)")
        return issued
    }

    /// The target shows who would come, and changes nothing.
    func preview(
        _ issued: IssuedHandover, of agent: AgentProcess, from source: ServerProcess, on target: ServerProcess,
        _ notes: StepNotes
    ) async throws -> HandoverPreview {
        let before = try await target.handovers().count
        let preview = try await target.api.call(
            OperatorRoutes.previewHandover(), sending: TokenText(token: issued.token))
        let identity = try agent.identity()
        try notes.expect("the source shown", preview.source, is: source.name)
        try notes.expect("the leaf shown", preview.fingerprint, is: identity.leaf.fingerprint)
        try notes.expect("the instance_uid shown", preview.instanceUID, is: identity.instanceUID)
        try notes.expect("the source's row shown", preview.sourceAgent, is: try await row(of: agent, on: source))
        try notes.expect(
            "handovers on \(target.label) after the preview", try await target.handovers().count, is: before)
        notes.fact("endpoint", preview.endpoint)
        notes.say("\(preview.displayName) from \(preview.source), group \(preview.group ?? "none")")
        return preview
    }

    @discardableResult
    func redeem(
        _ issued: IssuedHandover, on target: ServerProcess, configuration: String? = TwoRegions.configuration,
        _ notes: StepNotes
    ) async throws -> HandoverSummary {
        let redeemed = try await target.api.call(
            OperatorRoutes.redeemHandover(),
            sending: HandoverRedemption(token: issued.token, group: Self.group, configuration: configuration))
        try notes.expect("the handover redeemed", redeemed.id, is: issued.handover.id)
        notes.say("\(redeemed.phase) on \(target.label)")
        return redeemed
    }

    /// Waits until a handover is in one of these phases on a server.
    @discardableResult
    func phase(
        _ phases: Set<HandoverPhase>, of issued: IssuedHandover, on server: ServerProcess,
        within limit: Duration = .seconds(45)
    ) async throws -> HandoverDetail {
        let names = phases.map(\.rawValue).sorted().joined(separator: " or ")
        return try await eventually("the handover is \(names) on \(server.label)", within: limit) {
            let detail = try await server.handover(issued.handover.id)
            let seen = detail.summary.phase
            return seen.isOne(of: phases)
                ? Sight.here(detail)
                : .notYet(([seen.text] + (detail.ending.map { [$0] } ?? [])).joined(separator: ": "))
        }
    }

    /// What arrival means: live on the target with the same identity, `MovedToPeer` on the source.
    func arrived(
        _ issued: IssuedHandover, _ agent: AgentProcess, from source: ServerProcess, on target: ServerProcess,
        _ notes: StepNotes
    ) async throws {
        let before = try await source.agent(row(of: agent, on: source))
        let row = try await live(agent, on: target)
        try await phase([.arrived, .settled], of: issued, on: target)
        let detail = try await target.agent(self.row(of: agent, on: target))
        try keepsIdentity(agent, notes)
        try notes.expect("the leaf on \(target.label)", row.fingerprint, is: before.summary.fingerprint)
        try notes.expect("the instance_uid on \(target.label)", row.instanceUID, is: before.summary.instanceUID)
        try notes.expect("the display name", row.displayName, is: before.summary.displayName)
        try notes.expect("the description", detail.attributes, is: before.attributes)
        try notes.expect("the capabilities", detail.capabilities, is: before.capabilities)
        try notes.expect("the group chosen at redemption", row.group, is: Self.group)
        notes.fact("row on \(source.label)", before.summary.id)
        notes.fact("row on \(target.label)", row.id)
        let status = try await agent.status()
        try notes.expect("the agent's own epoch", status.epoch, is: issued.handover.epoch)
        notes.say("same leaf, key, uid, description, capabilities")
    }

    func keepsIdentity(_ agent: AgentProcess, _ notes: StepNotes) throws {
        let now = try agent.identity()
        guard let then = agent.identityAtEnrolment else { return }
        try notes.expect("leaf file, byte for byte", now.leafBytes == then.leafBytes, seen: "another leaf")
        try notes.expect("key file, byte for byte", now.keyBytes == then.keyBytes, seen: "another key")
        try notes.expect("the instance_uid file", now.instanceUID, is: then.instanceUID)
    }

    func movedToPeer(_ agent: AgentProcess, from source: ServerProcess, to target: ServerProcess, _ notes: StepNotes)
        async throws
    {
        let fingerprint = try agent.identity().leaf.fingerprint
        let row = try await eventually("\(source.label) shows the agent as moved") {
            let row = try await source.agent(with: fingerprint)
            return row?.presence == .movedToPeer ? Sight.here(row) : .notYet(row?.presence.text ?? "no row")
        }
        try notes.expect("the peer it moved to", row?.movedTo, is: target.name)
        notes.say("MovedToPeer \(target.name)")
    }

    /// Everything from issuing to arrival as one step.
    func handOver(_ agent: AgentProcess, from source: ServerProcess, to target: ServerProcess, _ notes: StepNotes)
        async throws -> IssuedHandover
    {
        let issued = try await issue(agent, from: source, to: target, notes)
        try await redeem(issued, on: target, notes)
        try await arrived(issued, agent, from: source, on: target, notes)
        return issued
    }

    /// The agent is back at the source, and says why.
    func returned(
        _ issued: IssuedHandover, _ agent: AgentProcess, to source: ServerProcess, because cause: String,
        _ notes: StepNotes
    ) async throws {
        let detail = try await phase([.returned], of: issued, on: source)
        let ending = detail.ending ?? ""
        try notes.expect("the agent's reason on \(source.label) names `\(cause)`", ending.contains(cause), seen: ending)
        _ = try await live(agent, on: source)
        try keepsIdentity(agent, notes)
        let status = try await agent.status()
        try notes.expect(
            "the agent names \(source.label) as its server",
            status.active.endpoint.contains(":\(source.entrancePort)/"),
            seen: status.active.endpoint)
        try notes.expect("no candidate is left", status.candidate == nil, seen: status.candidate?.endpoint ?? "")
        notes.fact("reason", ending)
        notes.say(ending)
    }
}
