import OpAMPProto
import Synchronization
import Vocabulary

/// What became of content for an agent.
enum Delivery: Hashable, Sendable {
    /// Handed to the connection; what the agent's capabilities forbid was left out.
    case sent(withheld: PermittedMessage.Parts)
    /// Goes out with the agent's next poll.
    case waitsForPoll
    case notConnected
    /// Nothing of it may be sent to this agent.
    case notPermitted(PermittedMessage.Parts)
    /// It cannot be put on the wire; logged with the reason.
    case unsendable
}

/// The way to one connected agent, whatever its transport.
protocol AgentLink: Sendable {
    var session: AgentSession { get }
    func send(_ content: ServerToAgent) async -> Delivery
    func end(_ ending: SessionEnding)
}

/// Who is connected right now, and the way to each of them. An agent has one session; the newest stands.
final class ConnectedAgents: Sendable {
    private let links = Mutex<[AgentID: any AgentLink]>([:])

    var sessions: [AgentSession] { links.withLock { $0.values.map(\.session) } }

    func session(of agent: AgentID) -> AgentSession? { link(of: agent)?.session }

    /// Sends at once over a WebSocket, with the next poll otherwise; nothing is kept for an agent that is away.
    func send(_ content: ServerToAgent, to agent: AgentID) async -> Delivery {
        await link(of: agent)?.send(content) ?? .notConnected
    }

    /// Ends the session of every agent that matches, WebSockets with close code 1008 and `reason`.
    func dismiss(because reason: String, where isMeant: (AgentSession) -> Bool) {
        let meant = links.withLock { links in links.values.filter { isMeant($0.session) } }
        for link in meant { link.end(.dismissed(reason)) }
    }

    func dismiss(_ agent: AgentID, because reason: String) {
        link(of: agent)?.end(.dismissed(reason))
    }

    // MARK: - For the endpoint

    func link(of agent: AgentID) -> (any AgentLink)? { links.withLock { $0[agent] } }

    func enter(_ link: some AgentLink) {
        let old = links.withLock { $0.updateValue(link, forKey: link.session.agent) }
        old?.end(.replaced)
    }

    /// The polling link that goes on, or a new one in its place.
    func polling(_ agent: AgentID, isSame: (PollingLink) -> Bool, make: () -> PollingLink) -> PollingLink {
        let (link, old): (PollingLink, (any AgentLink)?) = links.withLock { links in
            if let known = links[agent] as? PollingLink, isSame(known) { return (known, nil) }
            let new = make()
            return (new, links.updateValue(new, forKey: agent))
        }
        old?.end(.replaced)
        return link
    }

    /// Forgets the session, unless a newer one has taken its place.
    func leave(_ session: AgentSession) {
        links.withLock { links in
            if links[session.agent]?.session.number == session.number { links[session.agent] = nil }
        }
    }

    var pollingLinks: [PollingLink] { links.withLock { $0.values.compactMap { $0 as? PollingLink } } }
}
