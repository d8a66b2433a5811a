import Certificates
import NIOCore
import OpAMPProto
import ServerCore
import ServerTransport
import Vocabulary

/// The service behind the OpAMP endpoint: everything that the endpoint needs from the rest of the server.
///
/// The endpoint owns connections, the conversation's rules and what agents have said so far; the service owns rows,
/// trust, handovers and what agents are to be told. Calls for one session never overlap on a WebSocket; polls of
/// one agent may.
protocol OpAMPService: Sendable {
    /// Decides on every upgrade and every poll, from what the caller presents now. Promises nothing: an admitted
    /// upgrade may still fail on the network, or say nothing, and is then never heard of again.
    func admit(_ request: ConnectionRequest, on eventLoop: any EventLoop) -> EventLoopFuture<Admission>

    /// One message, after the conversation's rules have passed it; the answer goes out as the reply.
    ///
    /// What the agent's capabilities forbid is left out of the answer, an error or a command goes alone; echo,
    /// capabilities and ReportFullState are the endpoint's. An agent that asks for an instance uid
    /// (`AgentToServerFlags.requestInstanceUID`) is given a fresh one unless the answer identifies it.
    func received(
        _ report: AgentReport, from session: AgentSession, on eventLoop: any EventLoop
    ) -> EventLoopFuture<OpAMPAnswer>

    /// A message that says nothing but "I am alive", on its way past `received`: called on an event loop, so it
    /// must not block. `false` sends it to `received` after all.
    func heard(from session: AgentSession, at now: Timestamp) -> Bool

    /// Whether settings that were to be sent have been recalled since: their handover has ended. `nil` when the database
    /// cannot say. Called on an event loop, under the session's lock, for an offer that waits: one brief read.
    func hasRecalled(_ offers: ConnectionSettingsOffers, of agent: AgentID) -> Bool?

    /// Connection settings that waited for the agent's poll are in the answer to it, which is about to go out.
    func sent(_ offers: ConnectionSettingsOffers, to session: AgentSession)

    /// The end of a session that changes nothing, on its way past `closed`: called on an event loop, so it must not block.
    /// `false` sends it to `closed` after all.
    func closedQuietly(_ session: AgentSession, _ ending: SessionEnding) -> Bool

    /// The session is over: exactly once for each that was opened by a message, after its last `received` has returned.
    func closed(_ session: AgentSession, _ ending: SessionEnding, at now: Timestamp) async
}

extension OpAMPService {
    func heard(from session: AgentSession, at now: Timestamp) -> Bool { false }
    func hasRecalled(_ offers: ConnectionSettingsOffers, of agent: AgentID) -> Bool? { false }
    func sent(_ offers: ConnectionSettingsOffers, to session: AgentSession) {}
    func closedQuietly(_ session: AgentSession, _ ending: SessionEnding) -> Bool { false }
}

/// A request to connect at the OpAMP endpoint, with everything that is known about the client.
struct ConnectionRequest: Hashable, Sendable {
    typealias Transport = AgentTransport

    var caller: Caller
    /// A bootstrap token, if anything.
    var bearer: BearerToken?
    /// The handover that the request names in `Handover-Id`; an agent names it until it has adopted this server.
    var handover: HandoverID?
    /// From `Handover-Epoch`.
    var epoch: HandoverEpoch?
    var transport: Transport
    var at: Timestamp
}

enum Admission: Hashable, Sendable {
    case admitted(agent: AgentID, as: AgentSession.Kind)
    /// Its status and body are the answer, its `handoverCause` and `retryAfter` go into headers.
    case refused(ProblemResponse)
}

/// One agent's connection, from admission to its end. Polls are one session as long as they come from one caller.
struct AgentSession: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// It presented a bootstrap token and has no leaf yet. Nothing is ever pushed to it.
        case enrolling
        /// It presented its certificate. Each message decides what that means; see `SessionFacts.standing`.
        case agent
    }

    /// Rises with every session of this process.
    var number: UInt64
    /// The row, or the bearer of a bootstrap token; one agent has one session at a time.
    var agent: AgentID
    var kind: Kind
    var request: ConnectionRequest
    /// For limits of time: the wall clock may be set back.
    var began = ContinuousClock.now

    var leaf: Fingerprint? { request.caller.leaf?.fingerprint }
    var transport: AgentTransport { request.transport }
    var openedAt: Timestamp { request.at }

    /// What it proved, as far as it is an agent.
    var proof: SessionProof? {
        guard kind == .agent, let certificate = request.caller.leaf else { return nil }
        return SessionProof(
            agent: agent, certificate: certificate, handover: request.handover, transport: transport,
            openedAt: openedAt)
    }

    /// Whether a poll with this admission goes on with `known`, the agent's present session.
    func continues(_ known: AgentSession) -> Bool {
        known.leaf == leaf && known.kind == kind
            && (request.handover == nil || request.handover == known.request.handover)
    }
}
