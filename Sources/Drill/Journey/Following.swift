import OperatorClient
import ServerAPI
import Vocabulary

/// The audit trail on both sides, followed as an operator would.
extension TwoRegions {
    /// The handover's entries on both servers carry the source's `originPeerId` and one trace id.
    func joined(_ issued: IssuedHandover, from source: ServerProcess, to target: ServerProcess, _ notes: StepNotes)
        async throws
    {
        let origin = try await peerID(of: source)
        let wanted: [(ServerProcess, Set<AuditAction>)] = [
            (source, [.tokenIssued, .tokenRedeemed, .offerSent, .completed]),
            (target, [.tokenRedeemed, .agentConnected, .agentArrived]),
        ]
        for (server, actions) in wanted {
            let names = actions.map(\.rawValue.dropHandover).sorted().joined(separator: ", ")
            let entries = try await eventually("\(server.label) has written \(names)") {
                let entries = try await self.entries(of: issued, on: server)
                let missing = actions.subtracting(entries.compactMap(\.action.known)).map(\.rawValue).sorted()
                return missing.isEmpty ? Sight.here(entries) : .notYet("no \(missing.joined(separator: ", "))")
            }
            let origins = Set(entries.map(\.originPeerID))
            try notes.expect(
                "every entry on \(server.label) has the source's originPeerId", origins == [origin],
                seen: "\(origins.map { $0.map { "\($0)" } ?? "none" })")
            let traces = Set(entries.map(\.traceID))
            try notes.expect(
                "every entry on \(server.label) has the handover's trace id", traces == [issued.handover.traceID],
                seen: "\(traces.map { $0 ?? "none" }), not \(issued.handover.traceID)")
            notes.fact("on \(server.label)", entries.map { $0.action.text.dropHandover }.joined(separator: " → "))
        }
        notes.say("originPeerId \("\(origin)".prefix(8)) · trace \(issued.handover.traceID.prefix(8))")
    }

    func entries(of issued: IssuedHandover, on server: ServerProcess) async throws -> [AuditEvent] {
        try await server.api.list(
            OperatorRoutes.auditEvents(query: [.handover: "\(issued.handover.id)"]))
    }

    func verifyAudit(_ notes: StepNotes) async throws {
        for server in [eu, us] {
            let verdict = try await server.api.call(OperatorRoutes.verifyAudit())
            try notes.expect("the hash chain on \(server.label) holds", verdict.ok, seen: verdict.text)
            notes.fact(server.label, verdict.text)
        }
        let counts = try await [eu.audit().count, us.audit().count]
        notes.say("EU \(counts[0]) entries, US \(counts[1]) entries")
    }

    /// The counter that dashboards exist for, with its three labels.
    func countsCalls(_ notes: StepNotes) async throws {
        for (server, peer) in [(eu, us), (us, eu)] {
            let metrics = try await server.api.text(PublicPaths.metrics)
            let lines = metrics.split(separator: "\n").filter {
                $0.hasPrefix("ampora_federation_calls_total{") && $0.contains("peer=\"\(peer.name)\"")
            }
            for direction in ["inbound", "outbound"] {
                try notes.expect(
                    "\(server.label) counts \(direction) calls with \(peer.label)",
                    lines.contains { $0.contains("direction=\"\(direction)\"") && $0.contains("outcome=") },
                    seen: lines.isEmpty ? "no such line" : lines.joined(separator: " / "))
            }
        }
        let audit = try await us.audit()
        for action in [AuditAction.peerCalled, .remoteRequest] {
            try notes.expect(
                "US has written \(action.rawValue)", audit.contains { $0.action == action }, seen: "no such entry")
        }
        notes.say("ampora_federation_calls_total{peer,direction,outcome}")
    }
}

extension String {
    fileprivate var dropHandover: String { hasPrefix("Handover.") ? String(dropFirst(9)) : self }
}
