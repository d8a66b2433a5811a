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

    /// A host that was reset, or whose leaf has expired, enrolls into its own row: it has the row's key. A row whose
    /// leaf was revoked blocks no enrollment.
    ///
    /// - Parameter newRow: the identifier of the row to create, unless the agent has one.
    /// - Throws: `FleetRefusal` for a used token, an invalid request, or an instance uid that another key uses here.
    package func grant(newRow: AgentID, at now: Timestamp) throws(FleetRefusal) -> Grant {
        guard let uid = InstanceUID(bytes: report.instanceUID) else { throw .instanceUIDNotValid }
        let asked = try LeafOrder(report.connectionSettingsRequest, row: newRow, at: now)
        let here = sameUID.filter { $0.presence.isHere && !$0.leafRevoked }
        // A stranger that reports this host's uid does not keep it from its own row.
        let present = here.first { $0.leaf?.publicKey == asked.publicKey } ?? here.first
        let id = present?.id ?? newRow
        let order = try LeafOrder(report.connectionSettingsRequest, row: id, at: now)
        let token = try token.used(by: id, at: now)
        if let present, present.leaf?.publicKey != order.publicKey { throw .uidCollision(uid, row: present.id) }
        var row =
            present ?? AgentRecord(id: id, displayName: uid.description, instanceUID: uid, leaf: nil)
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
