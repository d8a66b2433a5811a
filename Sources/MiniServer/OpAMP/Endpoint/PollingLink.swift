import Logging
import OpAMPProto
import Vocabulary

/// One agent that polls: its conversation between requests, and what waits for its next one.
actor PollingLink: AgentLink {
    let session: AgentSession
    private let endpoint: OpAMPEndpoint
    private var conversation = AgentConversation(transport: .polling)
    private var pending = ServerToAgent()
    private var lastPoll: Timestamp
    private var pollsInProgress = 0
    private var ending: SessionEnding?
    private var hasToldDesk = false

    init(_ session: AgentSession, at endpoint: OpAMPEndpoint) {
        self.session = session
        self.endpoint = endpoint
        lastPoll = session.openedAt
    }

    /// One exchange, from the body of a request to the body of its answer.
    ///
    /// - Returns: `nil` when the session is over; the request is the first of another one.
    /// - Throws: `WireFailure` when the answer cannot be encoded.
    func exchange(_ body: [UInt8]) async throws(WireFailure) -> [UInt8]? {
        guard ending == nil else { return nil }
        lastPoll = endpoint.now()
        let report: AgentReport
        do throws(ConversationRefusal) {
            report = try conversation.hear(Self.decoded(body), at: lastPoll)
        } catch {
            return try conversation.refusal(error).encoded()
        }
        pollsInProgress += 1
        let answer = report.isRoutine && endpoint.desk.heard(from: session, at: report.at)
            ? .nothing : await endpoint.answer(to: report, from: session)
        pollsInProgress -= 1
        let permitted = conversation.reply(
            to: report, with: withPending(answer.content), freshInstanceUID: endpoint.freshInstanceUID())
        if !permitted.withheld.isEmpty {
            endpoint.logger.notice(
                "left out what the agent does not accept",
                metadata: ["agent": "\(session.agent)", "parts": "\(permitted.withheld.rawValue)"])
        }
        if report.message.agentDisconnect {
            leave(.agentDisconnected)
        } else if let reason = answer.dismissal {
            leave(.dismissed(reason))
        } else {
            tellDesk()
        }
        return try permitted.message.encoded()
    }

    func send(_ content: ServerToAgent) -> Delivery {
        guard ending == nil else { return .notConnected }
        let permitted = conversation.permitted(content)
        let isEmpty = permitted.message == ServerToAgent(instanceUID: permitted.message.instanceUID)
        if isEmpty, !permitted.withheld.isEmpty { return .notPermitted(permitted.withheld) }
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

    private static func decoded(_ body: [UInt8]) throws(ConversationRefusal) -> AgentToServer {
        do throws(WireFailure) {
            return try AgentToServer(decoding: body)
        } catch {
            throw .unreadable(error)
        }
    }

    /// The desk's answer and what was pushed since the last poll; an error goes alone, a command waits its turn.
    private func withPending(_ content: ServerToAgent) -> ServerToAgent {
        guard content.errorResponse == nil, content.command == nil else { return content }
        var pushed = pending
        pending = ServerToAgent()
        if let command = pushed.command {
            pushed.command = nil
            let isAlone = pushed == ServerToAgent() && content == ServerToAgent()
            guard !isAlone else { return ServerToAgent(command: command) }
            pending.command = command
        }
        return pushed.overlaid(with: content)
    }

    private func leave(_ ending: SessionEnding) {
        guard self.ending == nil else { return }
        self.ending = ending
        endpoint.agents.leave(session)
        tellDesk()
    }

    private func tellDesk() {
        guard let ending, pollsInProgress == 0, !hasToldDesk else { return }
        hasToldDesk = true
        let (endpoint, session, now) = (endpoint, session, endpoint.now())
        Task { await endpoint.desk.closed(session, ending, at: now) }
    }
}

extension ServerToAgent {
    /// Both messages in one; where both say something, `newer` does.
    func overlaid(with newer: ServerToAgent) -> ServerToAgent {
        ServerToAgent(
            instanceUID: newer.instanceUID.isEmpty ? instanceUID : newer.instanceUID,
            errorResponse: newer.errorResponse ?? errorResponse,
            remoteConfig: newer.remoteConfig ?? remoteConfig,
            connectionSettings: newer.connectionSettings ?? connectionSettings,
            packagesAvailable: newer.packagesAvailable ?? packagesAvailable,
            flags: flags.union(newer.flags),
            capabilities: capabilities.union(newer.capabilities),
            agentIdentification: newer.agentIdentification ?? agentIdentification,
            command: newer.command ?? command,
            customCapabilities: newer.customCapabilities ?? customCapabilities,
            customMessage: newer.customMessage ?? customMessage
        )
    }
}
