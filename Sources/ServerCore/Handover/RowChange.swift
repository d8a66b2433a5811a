package import HandoverToken
import OpAMPProto
package import Vocabulary

/// A change of an agent's row that belongs into the transaction of the step.
package enum RowChange: Hashable, Sendable {
    /// The row's epoch becomes the greater of its own and this one.
    case raiseEpoch(AgentID, to: Epoch)
    /// `MovedToPeer <name>`; its sessions are closed by a directive.
    case markMoved(AgentID, to: PeerID, name: String)
    /// The row is this server's again.
    case restore(AgentID)
    /// Creates the row, or re-uses the agent's own moved one, in presence `arriving`.
    case expect(Arrival)
    case activate(AgentID)
    case withdraw(AgentID)
}

/// The row that waits for an agent.
package struct Arrival: Hashable, Sendable {
    package var row: AgentID
    /// The row exists, marked moved; otherwise it is created, unless it exists as withdrawn.
    package var reusesRow: Bool
    package var claims: HandoverClaims
    /// Another agent has the row's uid: the row gets this one, and the agent hears of it when it connects again.
    package var instanceUID: InstanceUID?
    package var group: String?
    package var configuration: String?

    package init(
        row: AgentID, reusesRow: Bool, claims: HandoverClaims, instanceUID: InstanceUID? = nil, group: String?,
        configuration: String?
    ) {
        self.row = row
        self.reusesRow = reusesRow
        self.claims = claims
        self.instanceUID = instanceUID
        self.group = group
        self.configuration = configuration
    }
}

extension RowChange {
    package var agent: AgentID {
        switch self {
        case .raiseEpoch(let id, _), .markMoved(let id, _, _), .restore(let id), .activate(let id), .withdraw(let id):
            id
        case .expect(let arrival): arrival.row
        }
    }

    /// The agent's row as it is afterwards; `nil` when there is none to change.
    package func applied(to present: AgentRecord?) -> AgentRecord? {
        if case .expect(let arrival) = self { return arrival.expected(in: present) }
        guard var row = present else { return nil }
        switch self {
        case .raiseEpoch(_, let epoch): row.epoch = max(row.epoch, epoch)
        case .markMoved(_, let peer, let name): row.presence = .movedToPeer(peer, name: name)
        case .restore: row.presence = .offline
        case .activate: row.presence = .live
        case .withdraw: row.presence = .withdrawn
        case .expect: break
        }
        return row
    }
}

extension Arrival {
    /// The row in which the agent is expected: its own of earlier, or a new one.
    fileprivate func expected(in present: AgentRecord?) -> AgentRecord {
        let agent = claims.agent
        var row =
            present
            ?? AgentRecord(id: self.row, displayName: agent.displayName, instanceUID: agent.instanceUID, leaf: nil)
        row.instanceUID = instanceUID ?? row.instanceUID
        row.capabilities = AgentCapabilities(rawValue: agent.capabilities)
        row.group = group
        row.configuration = configuration
        row.configurationStatus = nil
        row.presence = .arriving
        row.pendingLeaf = nil
        row.epoch = max(row.epoch, claims.epoch)
        row.origin = AgentOrigin(
            peer: claims.issuer, peerName: claims.source.name, row: agent.row, handover: claims.id)
        if let leaf = row.fingerprint, leaf != claims.leaf {
            // Its leaf was replaced while it was away. The new one is recorded when it is seen; the old one stays
            // linked unless it was revoked, and a revocation never covers the new one.
            row.previousLeaf = row.leafRevoked ? nil : leaf
            row.leaf = nil
            row.leafRevoked = false
        }
        return row
    }
}
