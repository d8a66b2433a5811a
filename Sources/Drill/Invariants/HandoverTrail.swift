import ServerAPI

/// Which audit entries a handover must have left behind by the time it is in a phase.
enum HandoverTrail {
    private static let source: [String: [String]] = [
        "issued": ["TokenIssued"],
        "redeemed": ["TokenIssued", "TokenRedeemed"],
        "offered": ["TokenIssued", "TokenRedeemed", "OfferSent"],
        "leaving": ["TokenIssued", "TokenRedeemed", "AgentLeaving"],
        "moved": ["TokenIssued", "TokenRedeemed", "Completed"],
        "settled": ["TokenIssued", "TokenRedeemed", "Completed", "Settled"],
        "returned": ["TokenIssued", "TokenRedeemed", "AgentReturned"],
        "expired": ["TokenIssued", "Lapsed"],
        "cancelled": ["TokenIssued", "Cancelled"],
    ]

    private static let target: [String: [String]] = [
        "redeeming": ["RedemptionRequested"],
        "awaiting": ["TokenRedeemed"],
        "connected": ["TokenRedeemed", "AgentConnected"],
        "arrived": ["TokenRedeemed", "AgentConnected", "AgentArrived"],
        "settled": ["TokenRedeemed", "AgentConnected", "AgentArrived", "Settled"],
        "lapsed": ["RedemptionRequested", "Lapsed"],
        "withdrawn": ["RedemptionRequested"],
    ]

    /// What is missing, or nil.
    static func gap(in detail: HandoverDetail, on server: Evidence.Server) -> String? {
        let summary = detail.summary
        let table = summary.role == "source" ? source : target
        guard let required = table[summary.phase] else {
            return "\(server.label): handover \(summary.id) is in an unknown phase \(summary.phase)"
        }
        let written = Set(Evidence.actions(of: summary.id, on: server).map(\.action))
        let missing = required.map { "Handover." + $0 }.filter { !written.contains($0) }
        return missing.isEmpty
            ? nil
            : "\(server.label): handover \(summary.id) is \(summary.phase) without \(missing.joined(separator: ", "))"
    }
}
