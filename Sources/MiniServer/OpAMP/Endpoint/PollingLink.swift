import OpAMPProto
import ServerCore
import Vocabulary

/// One polling agent: its conversation between requests, and the content that waits for the next poll.
actor PollingLink: AgentLink {
    let session: AgentSession
    private let endpoint: OpAMPEndpoint
    private var conversation: AgentConversation
    private var pending = ServerToAgent()
    private var lastPoll: Timestamp
    private var pollsInProgress = 0
    private var end = SessionEnd()

    init(_ session: AgentSession, at endpoint: OpAMPEndpoint) {
        self.session = session
        self.endpoint = endpoint
        conversation = AgentConversation(transport: .polling, limits: endpoint.reportLimits)
        lastPoll = session.openedAt
    }

    /// One exchange, from a message to the body of its answer.
    ///
    /// - Parameter request: the one that this poll is.
    /// - Returns: `nil` when the session is over; the request is the first of another one.
    /// - Throws: `WireFailure` when the answer cannot be encoded.
    func exchange(_ message: AgentToServer, asking request: ConnectionRequest) async throws(WireFailure) -> [UInt8]? {
        guard !end.hasCome else { return nil }
        lastPoll = endpoint.now()
        var report: AgentReport
        do throws(ConversationRefusal) {
            report = try conversation.hear(message, epoch: request.epoch, at: lastPoll)
        } catch {
            return try conversation.refusal(error).encoded()
        }
        // The poll may come from a host other than the one that opened the session.
        var sender = session
        sender.request.caller = request.caller
        report.copy = endpoint.sighted(report, from: sender)
        pollsInProgress += 1
        var answer =
            report.isRoutine && endpoint.service.heard(from: session, at: report.at)
            ? .nothing : await endpoint.answer(to: report, from: session)
        // What ended the session meanwhile ended what it was admitted for.
        if end.hasCome, answer.content.errorResponse == nil { answer = .sessionOver }
        // An agent that disconnects reads no offer.
        let content = report.message.agentDisconnect ? answer.content : withPending(answer.content)
        let permitted = conversation.reply(
            to: report, with: content, freshInstanceUID: endpoint.freshInstanceUID())
        endpoint.note(permitted.withheld, from: session)
        if let offers = permitted.message.connectionSettings { await endpoint.service.sent(offers, to: session) }
        pollsInProgress -= 1
        if report.message.agentDisconnect {
            leave(.agentDisconnected)
        } else if let reason = answer.dismissal {
            leave(.dismissed(reason))
        } else {
            reportEnd()
        }
        return try permitted.message.encoded()
    }

    func send(_ content: ServerToAgent) -> Delivery {
        guard !end.hasCome else { return .notConnected }
        let permitted = conversation.permitted(content)
        if permitted.isEmpty { return .notPermitted(permitted.withheld) }
        pending = pending.overlaid(with: content)
        return .waitsForPoll
    }

    nonisolated func end(_ ending: SessionEnding) {
        endpoint.agents.leave(session)
        Task { await leave(ending) }
    }

    func endIfSilent(for silence: Duration) {
        if endpoint.now() - lastPoll >= silence, pollsInProgress == 0 { leave(.silent) }
    }

    /// The service's answer and what was pushed since the last poll; an error goes alone, a command waits its turn, and so
    /// does an offer, since an answer has room for one.
    private func withPending(_ content: ServerToAgent) -> ServerToAgent {
        guard content.errorResponse == nil, content.command == nil else { return content }
        var pushed = pending
        pending = ServerToAgent()
        if content.connectionSettings != nil { swap(&pending.connectionSettings, &pushed.connectionSettings) }
        if let command = pushed.command {
            pushed.command = nil
            let isAlone = pushed == ServerToAgent() && content == ServerToAgent()
            guard !isAlone else { return ServerToAgent(command: command) }
            pending.command = command
        }
        return pushed.overlaid(with: content)
    }

    private func leave(_ ending: SessionEnding) {
        guard end.come(ending) else { return }
        endpoint.agents.leave(session)
        reportEnd()
    }

    private func reportEnd() {
        endpoint.closed(session, end.news(isBeingDecided: pollsInProgress > 0))
    }
}
