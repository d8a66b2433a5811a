package import Vocabulary

/// An agent of a peer in the fleet list: `peer:<name>/<id>`. Nothing that changes state takes one.
package struct RemoteAgentID: Hashable, Sendable, LosslessStringConvertible {
    package static let prefix = "peer:"

    package let peer: String
    package let agent: AgentID

    package init(peer: String, agent: AgentID) {
        self.peer = peer
        self.agent = agent
    }

    package init?(_ text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let parts = text.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, isValidName(String(parts[0])), let agent = AgentID(String(parts[1])) else { return nil }
        self.init(peer: String(parts[0]), agent: agent)
    }

    package var description: String { "\(Self.prefix)\(peer)/\(agent)" }

    /// The local row that a request to change something names.
    ///
    /// - Throws: `FleetRefusal.remoteAgent` for an agent of a peer, `NotFound.agent` for what is no identifier.
    package static func localOnly(_ text: String) throws -> AgentID {
        if text.hasPrefix(prefix) { throw FleetRefusal.remoteAgent(text) }
        guard let id = AgentID(text) else { throw NotFound.agent(String(text.prefix(80))) }
        return id
    }
}
