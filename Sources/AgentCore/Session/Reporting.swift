import OpAMPProto
import Vocabulary

/// The parts of a report that need not be repeated (OpAMP, Agent Status Compression).
struct Sections: OptionSet, Hashable, Sendable {
    let rawValue: UInt16

    static let description = Self(rawValue: 1)
    static let health = Self(rawValue: 2)
    static let effectiveConfig = Self(rawValue: 4)
    static let remoteConfigStatus = Self(rawValue: 8)
    static let customCapabilities = Self(rawValue: 16)
    static let settingsStatus = Self(rawValue: 32)
    /// A request for a leaf; said once in a session, not part of the state.
    static let leafRequest = Self(rawValue: 64)
    /// The epoch of the last handover, once a connection.
    static let standing = Self(rawValue: 128)

    /// They stand in every message; this is why one is sent when they have changed.
    static let capabilities = Self(rawValue: 256)
    /// The hash of the available components.
    static let components = Self(rawValue: 512)
    /// And the components themselves, for a server that has asked.
    static let allComponents = Self(rawValue: 1024)

    static let fullState: Self = [
        .description, .health, .effectiveConfig, .remoteConfigStatus, .customCapabilities, .settingsStatus,
        .components,
    ]

    /// The sections that a capability is for.
    static let byCapability: [(capability: AgentCapabilities, sections: Sections)] = [
        (.reportsHealth, .health), (.reportsEffectiveConfig, .effectiveConfig),
        (.reportsRemoteConfig, .remoteConfigStatus), (.reportsConnectionSettingsStatus, .settingsStatus),
        (.reportsAvailableComponents, [.components, .allComponents]),
    ]
}

/// What one server knows of the agent, and what the agent knows of the server.
struct Reporting: Equatable, Sendable {
    /// Counts every message over all servers (OpAMP, AgentToServer.sequence_num).
    var sequenceNumber: UInt64 = 0
    var due: Sections = .fullState
    /// Sent, and no message has come back since.
    var unconfirmed: Sections = []
    /// The settings over which a server has got everything that is not due; `nil` when there are none. Another server,
    /// another trust or another leaf is another relation, and begins with a full report.
    var knownBy: ConnectionSettings?
    /// `nil` until this server has said (OpAMP, Interoperability of Partial Implementations).
    var serverCapabilities: ServerCapabilities?
    var serverCustomCapabilities: Set<String>?
    /// The last answer to something the server provoked is recent; see `AgentTimings.provoked`.
    var isReplyLimited = false
    /// Due, and delayed until the server accepts reports again.
    var putOff: Sections = []

    /// Another server, or one whose settings have changed: it knows nothing, and nothing is known of it.
    mutating func forgetServer() {
        due.formUnion(.fullState)
        due.remove(.allComponents)
        unconfirmed = []
        putOff = []
        knownBy = nil
        serverCapabilities = nil
        serverCustomCapabilities = nil
    }

    /// Whatever got no answer has to be said again. Requests and answers to requests are a matter of their
    /// session.
    mutating func makeUnconfirmedDue() {
        due.formUnion(unconfirmed.subtracting([.leafRequest, .standing, .allComponents]))
        unconfirmed = []
    }

    /// The server may not have heard it yet.
    func owes(_ section: Sections) -> Bool { due.union(unconfirmed).union(putOff).contains(section) }

    mutating func learn(_ message: ServerToAgent) {
        if !message.capabilities.isEmpty { serverCapabilities = message.capabilities }
        if let named = message.customCapabilities { serverCustomCapabilities = Set(named.capabilities) }
    }

    /// Without a word from the server everything is assumed to be understood.
    func serverHas(_ capability: ServerCapabilities) -> Bool {
        serverCapabilities.map { $0.contains(capability) } ?? true
    }

    /// A custom message of a capability that was not listed is not sent (OpAMP, Custom Messages).
    func serverUnderstands(custom capability: String) -> Bool {
        serverCustomCapabilities?.contains(capability) ?? false
    }
}
