import OpAMPProto
import Vocabulary

/// One message of an agent, with what it adds up to.
struct AgentReport: Hashable, Sendable {
    /// As received; what it leaves out is in `state`.
    var message: AgentToServer
    var state: ReportedState
    /// What differs from all it said before in this session.
    var changes: ReportedState.Parts
    /// The first of its session; over HTTP, where no line ends with an agent's process, also the first of its next life.
    var isFirst: Bool
    /// Something the agent said may have been lost or is not known; the reply asks for everything.
    var needsFullState: Bool
    var at: Timestamp

    /// A sign of life and nothing else.
    var isRoutine: Bool { !isFirst && !needsFullState && changes.isEmpty && message.isBare }
}

/// Why a message is no part of a conversation; the agent is told with BAD_REQUEST and the session goes on.
enum ConversationRefusal: Error, Hashable, Sendable {
    case textMessage
    case unreadable(WireFailure)
    case instanceUID(bytes: Int)

    var reason: String {
        switch self {
        case .textMessage: "OpAMP messages are binary WebSocket messages."
        case .unreadable(let failure): failure.operatorMessage.cause
        case .instanceUID(let bytes): "instance_uid has \(bytes) bytes; it must have 16."
        }
    }
}

/// The server's half of an OpAMP session, without the network: sequence numbers, status compression, what the
/// first answer carries, and what this agent may be told.
struct AgentConversation: Hashable, Sendable {
    private let transport: ConnectionRequest.Transport
    private(set) var state = ReportedState()
    private var instanceUID: [UInt8] = []
    private var lastSequenceNumber: UInt64?
    private var hasAnnounced = false

    init(transport: ConnectionRequest.Transport) {
        self.transport = transport
    }

    mutating func hear(_ message: AgentToServer, at now: Timestamp) throws(ConversationRefusal) -> AgentReport {
        guard message.instanceUID.count == 16 else { throw .instanceUID(bytes: message.instanceUID.count) }
        let follows = lastSequenceNumber.map { message.sequenceNumber == $0 &+ 1 && message.instanceUID == instanceUID }
        let beginsAnew = transport == .polling && message.isFullReport && follows == false
        let isFirst = lastSequenceNumber == nil || beginsAnew
        lastSequenceNumber = message.sequenceNumber
        instanceUID = message.instanceUID
        let changes = state.merge(message)
        return AgentReport(
            message: message,
            state: state,
            changes: changes,
            isFirst: isFirst,
            // A full report needs no other, so an agent that never counts is asked once and not for ever.
            needsFullState: !message.isFullReport && !(follows == true && state.description != nil),
            at: now
        )
    }

    /// The reply to `report`: the desk's content within the rules, with what the protocol adds.
    ///
    /// - Parameter freshInstanceUID: a version 7 UUID, for an agent that asks for one and was given none.
    mutating func reply(
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
    func permitted(_ content: ServerToAgent) -> PermittedMessage {
        var addressed = content
        addressed.instanceUID = instanceUID
        return PermittedMessage(addressed, for: state)
    }

    /// The answer to what was no message of this conversation.
    func refusal(_ refusal: ConversationRefusal) -> ServerToAgent {
        permitted(OpAMPAnswer.badRequest(refusal.reason).content).message
    }
}

extension ServerCapabilities {
    static let ours: ServerCapabilities = [
        .acceptsStatus, .offersRemoteConfig, .acceptsEffectiveConfig, .offersConnectionSettings,
        .acceptsConnectionSettingsRequest,
    ]
}

extension CustomCapabilities {
    static let ours = CustomCapabilities(capabilities: [MoveMessage.capability])
}
