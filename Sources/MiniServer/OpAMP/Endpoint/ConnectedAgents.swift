import OpAMPProto
import ServerCore
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

/// Who is connected right now, and the way to each of them. An agent has one session; the newest that has said
/// something stands.
final class ConnectedAgents: Sendable {
    private struct Links {
        var standing: [AgentID: any AgentLink] = [:]
        /// Upgraded connections without a message so far, by session number. They replace no session, but a change of
        /// trust ends them as well.
        var silent: [UInt64: any AgentLink] = [:]
    }

    private let links = Mutex(Links())

    var sessions: [AgentSession] { links.withLock { $0.standing.values.map(\.session) } }

    func session(of agent: AgentID) -> AgentSession? { link(of: agent)?.session }

    /// Sends at once over a WebSocket, with the next poll otherwise; nothing is kept for an agent that is away, and
    /// nothing is for somebody who has yet to prove who he is.
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

    /// Somebody is there who has not said anything.
    func wait(_ link: some AgentLink) { links.withLock { $0.silent[link.session.number] = link } }

    /// The first message of a session.
    func enter(_ session: AgentSession) {
        let old = links.withLock { links -> (any AgentLink)? in
            guard let link = links.silent.removeValue(forKey: session.number) else { return nil }
            return links.standing.updateValue(link, forKey: session.agent)
        }
        old?.end(.replaced)
    }

    /// The polling link that goes on, or a new one in its place.
    func polling(_ agent: AgentID, isSame: (PollingLink) -> Bool, make: () -> PollingLink) -> PollingLink {
        let (link, old): (PollingLink, (any AgentLink)?) = links.withLock { links in
            if let known = links.standing[agent] as? PollingLink, isSame(known) { return (known, nil) }
            let new = make()
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
