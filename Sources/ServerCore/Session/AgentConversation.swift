package import OpAMPProto
package import Vocabulary

/// The two ways in which OpAMP travels.
package enum AgentTransport: String, CaseIterable, Hashable, Sendable {
    case webSocket, polling
}

/// One message of an agent, with what it adds up to.
package struct AgentReport: Hashable, Sendable {
    /// As received; what it leaves out is in `state`.
    package var message: AgentToServer
    package var state: ReportedState
    /// What differs from all it said before in this session.
    package var changes: ReportedState.Parts
    /// Parts that are too large to keep, and were not before.
    package var dropped: ReportedState.Parts
    /// The first of its session; over HTTP, where no connection ends with an agent's process, also the first of its next
    /// life.
    package var isFirst: Bool
    /// Something the agent said may have been lost or is not known; the reply asks for everything.
    package var needsFullState: Bool
    /// Where it stands among its handovers, as far as this request or message says.
    package var epoch: HandoverEpoch?
    /// Of the message as it came, in bytes; 0 for one whose size nobody counts.
    package var size = 0
    /// Another message of the session waits for its answer already.
    package var isFollowed = false
    /// Two hosts seem to use the agent's identity; see `CopyWatch`.
    package var copy: CopyWatch.Finding?
    package var at: Timestamp

    /// A sign of life and nothing else.
    package var isRoutine: Bool { !isFirst && !needsFullState && changes.isEmpty && copy == nil && message.isBare }

    /// What it says of the last offer it was made; not what it repeats of it.
    package var settingsStatus: ConnectionSettingsStatus? { message.connectionSettingsStatus }

    /// It knows handovers: as long as it only tries a server, it says `APPLYING`.
    var knowsHandovers: Bool {
        state.customCapabilities?.capabilities.contains(MoveMessage.capability) ?? false
    }
}

/// Why a message is no part of a conversation; the agent gets BAD_REQUEST and the session continues.
package enum ConversationRefusal: Error, Hashable, Sendable {
    case textMessage
    case unreadable(WireFailure)
    case instanceUID(bytes: Int)
    case descriptionTooLarge(bytes: Int, limit: Int)

    var reason: String {
        switch self {
        case .textMessage: "OpAMP messages are binary WebSocket messages."
        case .unreadable(let failure): failure.operatorMessage.cause
        case .instanceUID(let bytes): "instance_uid has \(bytes) bytes; it must have 16."
        case .descriptionTooLarge(let bytes, let limit):
            "agent_description has \(bytes) bytes; it may have \(limit)."
        }
    }
}

/// The server's half of an OpAMP session, without the network: sequence numbers, status compression, what the
/// first answer carries, and what this agent may be told.
package struct AgentConversation: Hashable, Sendable {
    private let transport: AgentTransport
    package private(set) var state: ReportedState
    private var instanceUID: [UInt8] = []
    private var lastSequenceNumber: UInt64?
    private var hasAnnounced = false
    /// When a copy was noticed last, and when everything was asked for because of that.
    private var copyNoticedAt: Timestamp?
    private var askedAt: Timestamp?

    /// For how long after a copy was noticed everything is asked for now and then, and how often.
    static let copyMemory = Duration.seconds(120)
    static let copyPeriod = Duration.seconds(20)

    package init(transport: AgentTransport, limits: ReportLimits = ReportLimits()) {
        self.transport = transport
        state = ReportedState(limits: limits)
    }

    /// Whether the next message says nothing but that the agent is alive, and is answered by the echo of its uid.
    package func isSignOfLife(_ message: AgentToServer) -> Bool {
        guard let last = lastSequenceNumber, message.sequenceNumber == last &+ 1, message.instanceUID == instanceUID,
            hasAnnounced, state.description != nil, message.isBare
        else { return false }
        return message.capabilities.isEmpty || message.capabilities == state.capabilities
    }

    /// Takes in a message that `isSignOfLife`, without the work that others make.
    package mutating func hearSignOfLife(_ message: AgentToServer) { lastSequenceNumber = message.sequenceNumber }

    /// - Parameter epoch: what the request's header says, which goes before the message.
    package mutating func hear(
        _ message: AgentToServer, epoch: HandoverEpoch? = nil, at now: Timestamp
    ) throws(ConversationRefusal) -> AgentReport {
        guard message.instanceUID.count == 16 else { throw .instanceUID(bytes: message.instanceUID.count) }
        if message.agentDescription != nil {
            let size = AgentToServer(agentDescription: message.agentDescription).encodedSize
            guard size <= state.limits.description else {
                throw .descriptionTooLarge(bytes: size, limit: state.limits.description)
            }
        }
        let follows = lastSequenceNumber.map { message.sequenceNumber == $0 &+ 1 && message.instanceUID == instanceUID }
        let beginsAnew = transport == .polling && message.isFullReport && follows == false
        let isFirst = lastSequenceNumber == nil || beginsAnew
        lastSequenceNumber = message.sequenceNumber
        instanceUID = message.instanceUID
        let droppedBefore = state.tooLarge
        let changes = state.merge(message)
        return AgentReport(
            message: message,
            state: state,
            changes: changes,
            dropped: state.tooLarge.subtracting(droppedBefore),
            isFirst: isFirst,
            // A full report needs no other, so an agent that never counts is asked once and not for ever.
            needsFullState: !message.isFullReport && !(follows == true && state.description != nil),
            epoch: epoch ?? HandoverEpoch(of: message),
            at: now
        )
    }

    /// Adds what `CopyWatch` has found. Hosts that poll with one identity share this session, and can count in step: no
    /// missing number then shows that the one that is left never described itself.
    package mutating func note(_ finding: CopyWatch.Finding?, in report: inout AgentReport) {
        report.copy = finding
        let now = report.at
        if finding != nil { copyNoticedAt = now }
        guard transport == .polling, let copyNoticedAt, now < copyNoticedAt + Self.copyMemory,
            !report.message.isFullReport, askedAt.map({ now < $0 || now >= $0 + Self.copyPeriod }) ?? true
        else { return }
        report.needsFullState = true
        askedAt = now
    }

    /// The reply to `report`: the service's content within the rules, with what the protocol adds.
    ///
    /// - Parameter freshInstanceUID: a version 7 UUID, for an agent that asks for one and was given none.
    package mutating func reply(
        to report: AgentReport,
        with content: ServerToAgent,
        freshInstanceUID: @autoclosure () -> [UInt8]
    ) -> PermittedMessage {
        var content = content
        if report.message.flags.contains(.requestInstanceUID), content.agentIdentification == nil {
            content.agentIdentification = AgentIdentification(newInstanceUID: freshInstanceUID())
        }
        if report.needsFullState { content.flags.insert(.reportFullState) }
        // A poll's agent may have restarted without our noticing; a full report is how it begins.
        if !hasAnnounced || transport == .polling && report.message.isFullReport {
            content.capabilities = .ours
            content.customCapabilities = .ours
            hasAnnounced = content.errorResponse == nil && content.command == nil
        }
        let answer = permitted(content)
        // The agent adopts the new uid on reading this answer.
        if let adopted = answer.message.agentIdentification?.newInstanceUID { instanceUID = adopted }
        return answer
    }

    /// Content for this agent at any time: addressed, and without what its capabilities forbid.
    package func permitted(_ content: ServerToAgent) -> PermittedMessage {
        var addressed = content
        addressed.instanceUID = instanceUID
        return PermittedMessage(addressed, for: state)
    }

    /// The answer to what was no message of this conversation.
    package func refusal(_ refusal: ConversationRefusal) -> ServerToAgent {
        permitted(OpAMPAnswer.badRequest(refusal.reason).content).message
    }
}

extension ServerCapabilities {
    package static let ours: ServerCapabilities = [
        .acceptsStatus, .offersRemoteConfig, .acceptsEffectiveConfig, .offersConnectionSettings,
        .acceptsConnectionSettingsRequest,
    ]
}

extension CustomCapabilities {
    package static let ours = CustomCapabilities(capabilities: [MoveMessage.capability])
}
