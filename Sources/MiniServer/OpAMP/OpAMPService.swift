import Certificates
import OpAMPProto
import ServerTransport
import Vocabulary

/// The desk behind the OpAMP endpoint: all it asks of the rest of the server.
///
/// The endpoint owns connections, the conversation's rules and what agents have said so far; the desk owns rows,
/// trust, handovers and what agents are to be told. Calls for one session never overlap on a WebSocket; polls of
/// one agent may.
protocol OpAMPService: Sendable {
    /// Decides on every upgrade and every poll, from what the caller presents now. Promises nothing: an admitted
    /// upgrade may still fail on the network, or say nothing, and is then never heard of again.
    func admit(_ request: ConnectionRequest) async -> Admission

    /// One message, after the conversation's rules have passed it; the answer goes out as the reply.
    ///
    /// What the agent's capabilities forbid is left out of the answer, an error or a command goes alone; echo,
    /// capabilities and ReportFullState are the endpoint's. An agent that asks for an instance uid
    /// (`AgentToServerFlags.requestInstanceUID`) is given a fresh one unless the answer identifies it.
    func received(_ report: AgentReport, from session: AgentSession) async -> OpAMPAnswer

    /// A message that says nothing but "I am alive", on its way past `received`: called on an event loop, so it
    /// must not block. `false` sends it to `received` after all.
    func heard(from session: AgentSession, at now: Timestamp) -> Bool

    /// Connection settings that waited for the agent's poll are in the answer to it, which is about to go out.
    func sent(_ offers: ConnectionSettingsOffers, to session: AgentSession) async

    /// The session is over: exactly once for each that was opened by a message, after its last `received` has returned.
    func closed(_ session: AgentSession, _ ending: SessionEnding, at now: Timestamp) async
}

extension OpAMPService {
    func heard(from session: AgentSession, at now: Timestamp) -> Bool { false }
    func sent(_ offers: ConnectionSettingsOffers, to session: AgentSession) async {}
}

/// Someone at the door of the endpoint, and all that is known of them.
struct ConnectionRequest: Hashable, Sendable {
    enum Transport: String, Hashable, Sendable {
        case webSocket, polling
    }

    var caller: Caller
    /// A bootstrap token, if anything.
    var bearer: BearerToken?
    /// The handover it comes for, from `Handover-Id`; an agent names it until it has adopted this server.
    var handover: HandoverID?
    var transport: Transport
    var at: Timestamp
}

enum Admission: Hashable, Sendable {
    case admitted(agent: AgentID, standing: AgentSession.Standing)
    /// Its status and body are the answer, its `handoverCause` and `retryAfter` go into headers.
    case refused(ProblemResponse)
}

/// One agent's connection, from admission to its end. Polls are one session as long as caller and standing stay.
struct AgentSession: Hashable, Sendable {
    enum Standing: Hashable, Sendable {
        /// Came with a bootstrap token and has no leaf yet. Nothing is ever pushed to it.
        case enrolling
        case member
        /// Was awaited by an open handover when it came; see `AgentSession.present`.
        case arriving(HandoverID)
        /// It belongs to a peer by this handover, and is only told the way there.
        case movedOn(HandoverID)
    }

    /// Rises with every session of this process.
    var number: UInt64
    /// The row, or whoever bears a bootstrap token; one agent has one session at a time.
    var agent: AgentID
    /// As it was decided at the door.
    var standing: Standing
    var request: ConnectionRequest

    var leaf: Fingerprint? { request.caller.leaf?.fingerprint }
    var transport: ConnectionRequest.Transport { request.transport }
    var openedAt: Timestamp { request.at }
}

enum SessionEnding: Hashable, Sendable {
    /// It said so (`agent_disconnect`).
    case agentDisconnected
    /// The connection closed or broke, whoever closed it.
    case lost
    /// The same agent connected again; the newest connection stands.
    case replaced
    /// The server sent it away, for this reason.
    case dismissed(String)
    /// No poll for too long.
    case silent
}

/// What the desk has to say to one message.
struct OpAMPAnswer: Hashable, Sendable {
    var content: ServerToAgent
    /// Ends the session behind the reply, for this reason.
    var dismissal: String?

    init(_ content: ServerToAgent = ServerToAgent(), dismissal: String? = nil) {
        self.content = content
        self.dismissal = dismissal
    }

    static var nothing: OpAMPAnswer { OpAMPAnswer() }

    static func badRequest(_ reason: String) -> OpAMPAnswer {
        OpAMPAnswer(ServerToAgent(errorResponse: ServerErrorResponse(type: .badRequest, errorMessage: reason)))
    }

    static func unavailable(retryAfter: Duration, _ reason: String) -> OpAMPAnswer {
        let nanoseconds = UInt64(clamping: retryAfter.wholeMilliseconds).multipliedReportingOverflow(by: 1_000_000)
        return OpAMPAnswer(
            ServerToAgent(
                errorResponse: ServerErrorResponse(
                    type: .unavailable,
                    errorMessage: reason,
                    retryInfo: RetryInfo(retryAfterNanoseconds: nanoseconds.partialValue)
                )))
    }
}
