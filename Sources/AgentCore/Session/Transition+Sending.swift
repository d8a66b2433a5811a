import OpAMPProto
import Vocabulary

// What the agent says, and when.
extension Transition {
    /// Says what is due, if the connection can take it.
    mutating func flush() {
        switch agent.phase {
        case .online(let connection):
            guard !connection.isRequestOpen else { return }
            let sections = agent.reportable(agent.reporting.due)
            agent.reporting.due = sections
            if !sections.isEmpty { send(sections) }
            sayCustomMessage()
        case .idle, .waiting, .dialing, .reporting, .leaving, .stopped: break
        }
    }

    /// Puts one message on the connection of the present phase.
    mutating func send(_ sections: Sections, custom: CustomMessage? = nil, disconnecting: Bool = false) {
        guard var connection = agent.phase.connection else { return }
        let said = agent.reportable(sections)
        agent.reporting.sequenceNumber += 1
        var message = agent.message(saying: said, disconnecting: disconnecting)
        if let custom { message.customMessage = custom }
        order(.send(connection.id, message))
        agent.reporting.due.subtract(sections)
        agent.reporting.unconfirmed.formUnion(said)
        connection.isRequestOpen = connection.isHTTP
        if said.contains(.standing) { connection.hasSaidEpoch = true }
        connection.hasSentDisconnect = disconnecting
        agent.phase = agent.phase.with(connection)
        armHeartbeat()
    }

    mutating func sendFailed(_ refusal: SendRefusal, on id: ConnectionID) {
        guard var connection = agent.phase.connection, connection.id == id else { return }
        connection.isRequestOpen = false
        agent.phase = agent.phase.with(connection)
        /// Said again, it would be refused again.
        let isFinal: Bool
        let reason: String
        switch refusal {
        case .tooLarge:
            (isFinal, reason) = (true, "too large")
            agent.reporting.cutDown()
        case .notEncodable(let problem):
            (isFinal, reason) = (true, problem)
            agent.reporting.unconfirmed = []
        case .notOpen, .queueFull: (isFinal, reason) = (false, "the connection takes no message")
        }
        agent.reporting.makeUnconfirmedDue()
        note(.warning, .sendFailed, ["reason": reason])
        switch agent.phase {
        case .reporting where connection.destination == .candidate && isFinal:
            failMove(.protocol, detail: "the first report could not be sent: \(reason)")
        case .leaving: continueLeaving()
        case .idle, .waiting, .dialing, .reporting, .online, .stopped: break
        }
    }

    // MARK: Heartbeat

    /// Counts from the last message of any kind (OpAMP, WebSocket Message Exchange); over HTTP it is the poll.
    mutating func armHeartbeat() {
        switch agent.phase {
        case .reporting(let connection), .online(let connection):
            if let interval = agent.heartbeat(on: connection) {
                order(.setTimer(.heartbeat, after: interval))
            } else {
                order(.cancelTimer(.heartbeat))
            }
        case .idle, .waiting, .dialing, .leaving, .stopped: break
        }
    }

    mutating func heartbeatDue() {
        switch agent.phase {
        case .online(let connection):
            keepIfUnsaved()
            requestLeafIfDue()
            if connection.isRequestOpen { armHeartbeat() } else { send(agent.reporting.due) }
        case .reporting: armHeartbeat()
        case .idle, .waiting, .dialing, .leaving, .stopped: break
        }
    }

    // MARK: What a server can provoke

    /// Says something again because the server wants it, but not faster than `AgentTimings.provoked`, so that no
    /// server can keep the agent talking.
    mutating func provoke(_ sections: Sections) {
        guard !agent.reporting.isReplyLimited else {
            agent.reporting.putOff.formUnion(sections)
            return
        }
        agent.reporting.isReplyLimited = true
        agent.reporting.due.formUnion(sections)
        order(.setTimer(.provoked, after: timings.provoked))
    }

    mutating func replyLimitOver() {
        agent.reporting.isReplyLimited = false
        guard !agent.reporting.putOff.isEmpty else { return }
        let sections = agent.reporting.putOff
        agent.reporting.putOff = []
        provoke(sections)
        flush()
    }
}

extension Agent {
    /// `nil` when there is none. A server that says 0 ends heartbeats on WebSocket and changes nothing on HTTP.
    func heartbeat(on connection: Connection) -> Duration? {
        let interval = server(of: connection.destination).settings.heartbeat
        if connection.isHTTP { return interval ?? configuration.timings.heartbeat }
        return configuration.capabilities.contains(.reportsHeartbeat) ? interval : nil
    }

    /// Those that have content and that the server can use.
    func reportable(_ sections: Sections) -> Sections {
        let missing = Sections.byCapability.filter { !capabilities.contains($0.capability) }
        let sections = missing.reduce(sections) { $0.subtracting($1.sections) }
        let gates: [(Sections, Bool)] = [
            (.health, report.health != nil),
            (
                .effectiveConfig,
                report.effectiveConfig != nil && reporting.serverHas(.acceptsEffectiveConfig)
                    && !reporting.tooLarge.contains(.effectiveConfig)
            ),
            (.remoteConfigStatus, remoteConfigStatus != nil && reporting.serverHas(.offersRemoteConfig)),
            (.settingsStatus, settingsStatus != nil && reporting.serverHas(.offersConnectionSettings)),
            (.leafRequest, configuration.identity != nil && reporting.serverHas(.acceptsConnectionSettingsRequest)),
            (.standing, reporting.serverUnderstands(custom: MoveMessage.capability)),
        ]
        return gates.reduce(sections) { $1.1 ? $0 : $0.subtracting($1.0) }
    }

    /// The message with the present values of these sections; capabilities stand in every message.
    func message(saying sections: Sections, disconnecting: Bool) -> AgentToServer {
        var message = AgentToServer(instanceUID: state.instanceUID.bytes)
        message.sequenceNumber = reporting.sequenceNumber
        message.capabilities = capabilities
        message.agentDisconnect = disconnecting
        if requestsInstanceUID { message.flags = .requestInstanceUID }
        if sections.contains(.description) { message.agentDescription = description }
        if sections.contains(.health) { message.health = report.health }
        if sections.contains(.effectiveConfig) { message.effectiveConfig = report.effectiveConfig }
        if sections.contains(.remoteConfigStatus) { message.remoteConfigStatus = remoteConfigStatus }
        if sections.contains(.settingsStatus) { message.connectionSettingsStatus = settingsStatus }
        if sections.contains(.customCapabilities) {
            let names = [MoveMessage.capability] + report.customCapabilities.filter { $0 != MoveMessage.capability }
            message.customCapabilities = CustomCapabilities(capabilities: names)
        }
        if let components = report.availableComponents {
            if sections.contains(.allComponents) {
                message.availableComponents = components
            } else if sections.contains(.components) {
                message.availableComponents = AvailableComponents(hash: components.hash)
            }
        }
        if sections.contains(.leafRequest), let identity = configuration.identity {
            let request = CertificateRequest(csr: Array(identity.signingRequest.utf8))
            message.connectionSettingsRequest = ConnectionSettingsRequest(
                opamp: OpAMPConnectionSettingsRequest(certificateRequest: request))
        }
        if sections.contains(.standing) {
            message.customMessage = CustomMessage(
                capability: MoveMessage.capability, type: MoveMessage.standingType,
                data: handoverEpoch(for: phase.connection?.destination ?? .active).json)
        }
        return message
    }

    /// A handover binds the agent to the uid that it has.
    private var requestsInstanceUID: Bool {
        state.awaitsInstanceUID && state.candidate?.handover == nil && state.probation?.isHandover != true
    }

    private var description: AgentDescription {
        var description = report.description
        for index in description.identifyingAttributes.indices
        where description.identifyingAttributes[index].key == "service.instance.id" {
            description.identifyingAttributes[index].value = .string(state.instanceUID.description)
        }
        return description
    }

    /// What is reported about the last offer; `nil` when there was none with a hash.
    var settingsStatus: ConnectionSettingsStatus? {
        if let candidate = state.candidate {
            switch candidate.origin {
            case .offer, .standby:
                return candidate.hash.reported.map {
                    ConnectionSettingsStatus(lastConnectionSettingsHash: $0, status: .applying)
                }
            case .probation: return Verdict(hash: candidate.hash, failed: .probation).status
            }
        }
        if let hash = state.hostOffer?.hash ?? (state.verdict == nil ? state.unprovenLeaf?.offer : nil) {
            return hash.reported.map { ConnectionSettingsStatus(lastConnectionSettingsHash: $0, status: .applying) }
        }
        return state.verdict?.status
    }

    var remoteConfigStatus: RemoteConfigStatus? {
        configBeingApplied.map { RemoteConfigStatus(lastRemoteConfigHash: $0.hash, status: .applying) }
            ?? state.remoteConfigStatus
    }
}
