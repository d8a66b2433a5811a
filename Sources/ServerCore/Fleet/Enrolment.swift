import Certificates
package import OpAMPProto
package import Vocabulary

/// A new agent asks for its leaf with a bootstrap token and a signing request (protocol section 2.4).
package struct Enrolment: Sendable {
    package var token: BootstrapToken
    /// What the agent reported with the request.
    package var report: AgentToServer
    /// Rows with the same instance uid.
    package var sameUID: [AgentRecord]

    package init(token: BootstrapToken, report: AgentToServer, sameUID: [AgentRecord]) {
        self.token = token
        self.report = report
        self.sameUID = sameUID
    }

    /// What is to be issued and saved: leaf, row and used token belong into one transaction.
    package struct Grant: Sendable {
        package var token: BootstrapToken
        package var order: LeafOrder
        /// The row, but for its leaf.
        package var row: AgentRecord
    }

    /// A host that was reset, or whose leaf has expired, enrolls into its own row: it has the row's key. An instance
    /// uid that another key has here - its agent may also come back from a peer - is not the newcomer's: it gets a fresh
    /// one, and with it a row of its own. A row whose leaf was revoked keeps no uid, nor does one that nobody came to.
    ///
    /// - Parameters:
    ///   - newRow: the identifier of the row to create, unless the agent has one.
    ///   - freshUID: for an agent whose own is taken.
    /// - Throws: `FleetRefusal` for a used token or an invalid request.
    package func grant(newRow: AgentID, freshUID: InstanceUID, at now: Timestamp) throws(FleetRefusal) -> Grant {
        guard let uid = InstanceUID(bytes: report.instanceUID) else { throw .instanceUIDNotValid }
        let asked = try LeafOrder(report.connectionSettingsRequest, row: newRow, at: now)
        let rows = sameUID.filter { !$0.leafRevoked }
        let present = rows.first { $0.presence.isHere && $0.leaf?.publicKey == asked.publicKey }
        let isTaken = rows.contains { $0.presence != .withdrawn && $0.leaf?.publicKey != asked.publicKey }
        let id = present?.id ?? newRow
        let order = try LeafOrder(report.connectionSettingsRequest, row: id, at: now)
        let token = try token.used(by: id, at: now)
        let given = isTaken ? freshUID : uid
        var row = present ?? AgentRecord(id: id, displayName: given.description, instanceUID: given, leaf: nil)
        row.displayName = report.agentDescription?.displayName ?? row.displayName
        row.description = report.agentDescription
        row.capabilities = report.capabilities
        row.group = token.group ?? row.group
        // It has lost what it had.
        row.configurationStatus = nil
        row.lastSeen = now
        return Grant(token: token, order: order, row: row)
    }
}

extension AgentDescription {
    /// The first of host name, service instance and service name that is text and fit to be shown.
    package var displayName: String? {
        let attributes = identifyingAttributes + nonIdentifyingAttributes
        for key in ["host.name", "service.instance.id", "service.name"] {
            guard case .string(let text)? = attributes.first(where: { $0.key == key })?.value else { continue }
            let shown = String(String.UnicodeScalarView(text.unicodeScalars.filter(\.isPrintable)))
            if !shown.isEmpty, shown.utf8.count <= 256 { return shown }
        }
        return nil
    }
}
