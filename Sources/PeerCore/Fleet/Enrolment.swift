public import OpAMPProto
public import Vocabulary

/// A new agent asks for its leaf with a bootstrap token and a signing request (protocol section 2.4).
public struct Enrolment: Sendable {
    public var token: BootstrapToken
    /// What the agent reported with the request.
    public var report: AgentToServer
    /// Rows with the same instance uid.
    public var namesakes: [AgentRecord]

    public init(token: BootstrapToken, report: AgentToServer, namesakes: [AgentRecord]) {
        self.token = token
        self.report = report
        self.namesakes = namesakes
    }

    /// What is to be issued and saved: leaf, row and used token belong into one transaction.
    public struct Grant: Sendable {
        public var token: BootstrapToken
        public var order: LeafOrder
        /// The row, but for its leaf.
        public var row: AgentRecord
    }

    /// - Parameter row: the identifier of the row to create.
    /// - Throws: `FleetRefusal` for a spent token, a request that does not hold, or an instance uid that is in
    ///   use here.
    public func grant(row: AgentID, at now: Timestamp) throws(FleetRefusal) -> Grant {
        let token = try token.used(by: row, at: now)
        let order = try LeafOrder(report.connectionSettingsRequest, row: row, at: now)
        guard let uid = InstanceUID(bytes: report.instanceUID) else { throw .instanceUIDNotValid }
        if let other = namesakes.first(where: \.presence.isHere) { throw .uidCollision(uid, row: other.id) }
        return Grant(
            token: token, order: order,
            row: AgentRecord(
                id: row, displayName: report.agentDescription?.displayName ?? uid.description, instanceUID: uid,
                leaf: nil, description: report.agentDescription, capabilities: report.capabilities,
                group: token.group, lastSeen: now))
    }
}

extension AgentDescription {
    /// The first of host name, service instance and service name that is text and fit to be shown.
    public var displayName: String? {
        let attributes = identifyingAttributes + nonIdentifyingAttributes
        for key in ["host.name", "service.instance.id", "service.name"] {
            guard case .string(let text)? = attributes.first(where: { $0.key == key })?.value else { continue }
            let shown = String(String.UnicodeScalarView(text.unicodeScalars.filter(\.isPrintable)))
            if !shown.isEmpty, shown.utf8.count <= 256 { return shown }
        }
        return nil
    }
}
