import NIOCore
import OpAMPProto
import ServerCore
import ServerTransport
import Synchronization
import Vocabulary

/// One polling agent: its conversation between requests, and the content that waits for the next poll. Its polls may come
/// over several connections.
final class PollingLink: AgentLink {
    private struct State {
        var conversation: AgentConversation
        var pending = ServerToAgent()
        /// The wall clock may be set back, and a dead session would stay.
        var lastPoll: ContinuousClock.Instant
        var pollsInProgress = 0
        var end = SessionEnd()
    }

    /// What a message comes to before the service has seen it.
    enum Reception {
        /// The session is over; the request is the first of another one.
        case over
        /// It says nothing new, or nothing that can be read.
        case answered(ServerToAgent)
        /// For `answer`.
        case report(AgentReport)
    }

    let session: AgentSession
    private let endpoint: OpAMPEndpoint
    private let state: Mutex<State>

    init(_ session: AgentSession, at endpoint: OpAMPEndpoint) {
        self.session = session
        self.endpoint = endpoint
        state = Mutex(
            State(
                conversation: AgentConversation(transport: .polling, limits: endpoint.reportLimits),
                lastPoll: .now))
    }

    /// Takes a message in; does not block.
    ///
    /// - Parameters:
    ///   - size: of the message, in bytes.
    ///   - caller: of this poll; it may come from a host other than the one that opened the session.
    ///   - epoch: what the poll's header says.
    func receive(_ message: AgentToServer, size: Int, from caller: Caller, epoch: HandoverEpoch?) -> Reception {
        let now = endpoint.now()
        return state.withLock { state in
            guard !state.end.hasCome else { return .over }
            state.lastPoll = .now
            var report: AgentReport
            do throws(ConversationRefusal) {
                report = try state.conversation.hear(message, epoch: epoch, at: now)
            } catch {
                return .answered(state.conversation.refusal(error))
            }
            report.size = size
            let copy = endpoint.sighted(report.message, epoch: report.epoch, of: session, from: caller, at: now)
            state.conversation.note(copy, in: &report)
            if report.isRoutine, endpoint.service.heard(from: session, at: now) {
                return .answered(reply(to: report, .nothing, &state))
            }
            state.pollsInProgress += 1
            return .report(report)
        }
    }

    /// The service's answer to a message that `receive` has taken in.
    func answer(to report: AgentReport, on eventLoop: any EventLoop) -> EventLoopFuture<ServerToAgent> {
        endpoint.answer(to: report, from: session, on: eventLoop).map { answer in
            self.state.withLock { self.finish(report, answer, &$0) }
        }
    }

    private func finish(_ report: AgentReport, _ answer: OpAMPAnswer, _ state: inout State) -> ServerToAgent {
        var answer = answer
        // What ended the session meanwhile ended what it was admitted for.
        if state.end.hasCome, answer.content.errorResponse == nil {
            answer = .unavailable(retryAfter: .seconds(5), "The session has ended. Connect again.")
        }
        let reply = reply(to: report, answer, &state)
        state.pollsInProgress -= 1
        if report.message.agentDisconnect {
            leave(.agentDisconnected, &state)
        } else if let reason = answer.dismissal {
            leave(.dismissed(reason), &state)
        } else {
            reportEnd(&state)
        }
        return reply
    }

    private func reply(to report: AgentReport, _ answer: OpAMPAnswer, _ state: inout State) -> ServerToAgent {
        // An agent that disconnects reads no offer.
        let content = report.message.agentDisconnect ? answer.content : withPending(answer.content, &state)
        let permitted = state.conversation.reply(
            to: report, with: content, freshInstanceUID: endpoint.freshInstanceUID())
        endpoint.note(permitted.withheld, from: session)
        if let offers = permitted.message.connectionSettings { endpoint.service.sent(offers, to: session) }
        return permitted.message
    }

    func send(_ content: ServerToAgent) -> Delivery {
        state.withLock { state in
            guard !state.end.hasCome else { return .notConnected }
            let permitted = state.conversation.permitted(content)
            if permitted.isEmpty { return .notPermitted(permitted.withheld) }
            state.pending = state.pending.overlaid(with: content)
            return .waitsForPoll
        }
    }

    func end(_ ending: SessionEnding) {
        state.withLock { leave(ending, &$0) }
    }

    func endIfSilent(for silence: Duration) {
        state.withLock { state in
            if .now - state.lastPoll >= silence, state.pollsInProgress == 0 { leave(.silent, &state) }
        }
    }

    /// The service's answer and what was pushed since the last poll; an error goes alone, a command waits its turn, and so
    /// does an offer, since an answer has room for one.
    private func withPending(_ content: ServerToAgent, _ state: inout State) -> ServerToAgent {
        guard content.errorResponse == nil, content.command == nil else { return content }
        var pushed = state.pending
        state.pending = ServerToAgent()
        var isRecalled: Bool? = false
        if let offers = pushed.connectionSettings {
            isRecalled = endpoint.service.hasRecalled(offers, of: session.agent)
        }
        if isRecalled == true { pushed.connectionSettings = nil }
        if content.connectionSettings != nil || isRecalled == nil {
            swap(&state.pending.connectionSettings, &pushed.connectionSettings)
        }
        if let command = pushed.command {
            pushed.command = nil
            let isAlone = pushed == ServerToAgent() && content == ServerToAgent()
            guard !isAlone else { return ServerToAgent(command: command) }
            state.pending.command = command
        }
        return pushed.overlaid(with: content)
    }

    private func leave(_ ending: SessionEnding, _ state: inout State) {
        if state.end.come(ending) { endpoint.agents.leave(session) }
        // It may have come while another poll was being decided.
        reportEnd(&state)
    }

    private func reportEnd(_ state: inout State) {
        endpoint.closed(session, state.end.news(isBeingDecided: state.pollsInProgress > 0))
    }
}
