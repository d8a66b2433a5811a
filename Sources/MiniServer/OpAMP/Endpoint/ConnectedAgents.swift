import OpAMPProto
import ServerCore
import Synchronization
import Vocabulary

/// The result of sending content to an agent.
enum Delivery: Hashable, Sendable {
    /// Handed to the connection; what the agent's capabilities forbid was left out.
    case sent(withheld: PermittedMessage.Parts)
    /// Sent with the agent's next poll.
    case waitsForPoll
    case notConnected
    /// The agent's capabilities allow none of it.
    case notPermitted(PermittedMessage.Parts)
    /// It cannot be encoded; logged with the reason.
    case unsendable
}

/// The connection to one agent, over either transport.
protocol AgentLink: Sendable {
    var session: AgentSession { get }
    func send(_ content: ServerToAgent) async -> Delivery
    func end(_ ending: SessionEnding)
}

/// The connected agents and their connections. An agent has one session: the newest that has received a message.
final class ConnectedAgents: Sendable {
    private struct Links {
        var standing: [AgentID: any AgentLink] = [:]
        /// Upgraded connections without a message so far, by session number. They replace no session, but a change of
        /// trust ends them as well.
        var silent: [UInt64: any AgentLink] = [:]
        /// Since `takeCount`.
        var most = 0

        var count: Int { standing.count + silent.count }
    }

    private let links = Mutex(Links())

    var sessions: [AgentSession] { links.withLock { $0.standing.values.map(\.session) } }

    /// How many there are now, and how many there have been at once since this was asked before.
    func takeCount() -> (now: Int, most: Int) {
        links.withLock { links in
            defer { links.most = links.count }
            return (links.count, links.most)
        }
    }

    func session(of agent: AgentID) -> AgentSession? { link(of: agent)?.session }

    /// Sends at once over a WebSocket, otherwise with the next poll. Nothing is kept for an agent that is not
    /// connected, and nothing is sent to a client that enrolls.
    func send(_ content: ServerToAgent, to agent: AgentID) async -> Delivery {
        guard let link = link(of: agent), link.session.kind != .enrolling else { return .notConnected }
        return await link.send(content)
    }

    /// Ends the session of every agent that matches, WebSockets with close code 1008 and `reason`.
    func dismiss(because reason: String, where isMeant: (AgentSession) -> Bool) {
        let meant = links.withLock { links in
            (Array(links.standing.values) + links.silent.values).filter { isMeant($0.session) }
        }
        for link in meant { link.end(.dismissed(reason)) }
    }

    func dismiss(_ agent: AgentID, because reason: String) {
        dismiss(because: reason) { $0.agent == agent }
    }

    // MARK: - For the endpoint

    func link(of agent: AgentID) -> (any AgentLink)? { links.withLock { $0.standing[agent] } }

    /// A connection was upgraded and has sent no message.
    func wait(_ link: some AgentLink) {
        links.withLock { links in
            links.silent[link.session.number] = link
            links.most = max(links.most, links.count)
        }
    }

    /// The first message of a session.
    func enter(_ session: AgentSession) {
        let old = links.withLock { links -> (any AgentLink)? in
            guard let link = links.silent.removeValue(forKey: session.number) else { return nil }
            return links.standing.updateValue(link, forKey: session.agent)
        }
        old?.end(.replaced)
    }

    /// The existing polling link, or a new one that replaces it.
    func polling(_ agent: AgentID, isSame: (PollingLink) -> Bool, make: () -> PollingLink) -> PollingLink {
        let (link, old): (PollingLink, (any AgentLink)?) = links.withLock { links in
            if let known = links.standing[agent] as? PollingLink, isSame(known) { return (known, nil) }
            let new = make()
            defer { links.most = max(links.most, links.count) }
            return (new, links.standing.updateValue(new, forKey: agent))
        }
        old?.end(.replaced)
        return link
    }

    /// Forgets the session, unless a newer one has taken its place.
    func leave(_ session: AgentSession) {
        links.withLock { links in
            links.silent[session.number] = nil
            if links.standing[session.agent]?.session.number == session.number { links.standing[session.agent] = nil }
        }
    }

    var pollingLinks: [PollingLink] { links.withLock { $0.standing.values.compactMap { $0 as? PollingLink } } }
}
