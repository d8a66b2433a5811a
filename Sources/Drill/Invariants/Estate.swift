import ServerAPI
import Vocabulary

/// What one server holds that may not change without an audit entry, as its operator sees it.
struct Estate: Hashable, Sendable {
    enum Kind: String, Hashable, Sendable, CaseIterable {
        case presence, leaf, assignment, group, configuration, peer, trust, secrets, handover
    }

    struct Item: Hashable, Sendable {
        var kind: Kind
        /// A row, a name, or a handover with its role.
        var id: String
    }

    private(set) var values: [Item: String] = [:]

    init(
        agents: [AgentSummary] = [], handovers: [HandoverSummary] = [], peers: [PeerSummary] = [],
        groups: [Group] = [], configurations: [Configuration] = []
    ) {
        for row in agents {
            self[.presence, row.id] = Self.standing(row.presence)
            self[.leaf, row.id] = "\(row.fingerprint)"
            self[.assignment, row.id] =
                "group \(row.group ?? "none"), configuration \(row.configuration ?? "none")"
        }
        for one in handovers { self[.handover, "\(one.id) \(one.role)"] = one.phase.text }
        for peer in peers {
            self[.peer, peer.name] = "\(peer.endpoint) \(peer.fingerprint) \(peer.enabled)"
            self[.trust, peer.name] =
                "\(peer.trustVersion) "
                + (peer.serverCAs + peer.agentCAs + peer.tokenSigners)
                .map { "\($0.fingerprint)" }.joined(separator: " ")
            self[.secrets, peer.name] = "inbound \(peer.hasInboundSecret), outbound \(peer.hasOutboundSecret)"
        }
        for group in groups { self[.group, group.name] = group.configuration ?? "none" }
        for configuration in configurations { self[.configuration, configuration.name] = configuration.hash }
    }

    private subscript(kind: Kind, id: String) -> String? {
        get { values[Item(kind: kind, id: id)] }
        set { values[Item(kind: kind, id: id)] = newValue }
    }

    /// Connections come and go without an entry; where a row belongs does not.
    private static func standing(_ presence: OpenWord<AgentPresence>) -> String {
        presence.isOne(of: [.live, .stale, .offline]) ? here : presence.text
    }

    fileprivate static let here = "here"

    /// One value that became another between two looks; nil stands for what is not there.
    struct Change: Hashable, Sendable {
        var item: Item
        var from: String?
        var to: String?
        /// When it was seen, and therefore had happened.
        var by: Timestamp
    }

    func changes(to later: Estate, by time: Timestamp) -> [Change] {
        Set(values.keys).union(later.values.keys).compactMap { item in
            let (from, to) = (values[item], later.values[item])
            return from == to ? nil : Change(item: item, from: from, to: to, by: time)
        }
    }
}

/// An estate as it was seen.
struct EstateLook: Hashable, Sendable {
    var at: Timestamp
    /// How often the server had been restored from a backup: what was before a restore has left no trace.
    var restores = 0
    var estate: Estate

    func isNews(after last: EstateLook?) -> Bool { last?.restores != restores || last?.estate != estate }
}

extension Estate.Change {
    /// What happened since the server was founded, or since the backup it was restored from.
    static func all(in looks: [EstateLook]) -> [Self] {
        let present = looks.filter { $0.restores == looks.last?.restores }
        return zip([Estate()] + present.map(\.estate), present).flatMap { $0.changes(to: $1.estate, by: $1.at) }
    }

    /// Those of one item and outcome that have fewer entries than there were changes.
    static func unwritten(_ changes: [Self], in audit: [AuditEvent]) -> [Self] {
        struct Outcome: Hashable {
            var item: Estate.Item
            var to: String?
        }
        return Dictionary(grouping: changes.filter(\.needsEntry)) { Outcome(item: $0.item, to: $0.to) }.values
            .flatMap { alike in
                alike.sorted { $0.by < $1.by }.enumerated().filter { index, change in
                    audit.filter { change.isExplained(by: $0) && $0.at <= change.by }.count <= index
                }.map(\.element)
            }
    }

    var text: String {
        "\(item.kind.rawValue) of \(item.id) became \(to ?? "absent") without its entry"
    }

    /// A new row or peer is one change, whatever comes with it.
    private var needsEntry: Bool {
        switch item.kind {
        case .assignment, .trust, .secrets, .leaf: from != nil && to != nil
        case .presence, .group, .configuration, .peer, .handover: true
        }
    }

    private static let withdrawals: Set<AuditAction> = [.agentReturned, .cancelled, .lapsed, .tokenRefused]

    /// What may have put a row where it is.
    private static func causes(ofStanding text: String?) -> Set<AuditAction> {
        switch text.flatMap(AgentPresence.init) {
        case .arriving: [.tokenRedeemed]
        // Also a row that was used again for a handover that came to nothing.
        case .movedToPeer: withdrawals.union([.completed])
        case .withdrawn: withdrawals
        case .live, .stale, .offline: []
        case nil: text == Estate.here ? [.agentEnrolled, .agentArrived, .agentReturned] : []
        }
    }

    private func isExplained(by entry: AuditEvent) -> Bool {
        let action = entry.action
        let isOfItem = entry.entityID == item.id
        switch item.kind {
        case .presence: return isOfItem && action.isOne(of: Self.causes(ofStanding: to))
        case .leaf:
            let mentions = entry.after == to || entry.additional["fingerprint"] == to
            return isOfItem
                && (action.isOne(of: Self.withdrawals)
                    || mentions && action.isOne(of: [.agentEnrolled, .leafRenewed, .tokenRedeemed]))
        case .assignment:
            if action == .groupSaved { return to?.hasPrefix("group \(entry.entityID), ") ?? false }
            if action == .agentAssigned { return isOfItem && entry.after == to }
            return isOfItem && action.isOne(of: Self.withdrawals.union([.agentEnrolled, .tokenRedeemed]))
        case .group: return isOfItem && isSaved(by: entry, .groupSaved, orDeleted: .groupDeleted)
        case .configuration:
            return isOfItem && isSaved(by: entry, .configurationSaved, orDeleted: .configurationDeleted)
        case .peer: return isOfItem && action == (from == nil ? .peerCreated : to == nil ? .peerDeleted : .peerUpdated)
        case .trust: return isOfItem && action.isOne(of: [.peerTrustRefreshed, .peerUpdated])
        case .secrets: return isOfItem && action == .peerSecretSet
        case .handover:
            return action.text.hasPrefix("Handover.") && entry.after == to
                && item.id.hasPrefix((entry.additional["handover"] ?? "-") + " ")
        }
    }

    private func isSaved(by entry: AuditEvent, _ saved: AuditAction, orDeleted deleted: AuditAction) -> Bool {
        to == nil ? entry.action == deleted : entry.action == saved && (entry.after ?? "none") == to
    }
}
