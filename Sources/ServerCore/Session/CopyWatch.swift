package import Vocabulary

/// Sees when two hosts use one agent's identity: they take each other's place, because an agent has one session
/// (protocol section 6.8).
package struct CopyWatch: Sendable {
    /// A message of an agent, as far as it tells one host from another.
    package struct Sighting: Hashable, Sendable {
        /// Of the session it came over.
        package var session: UInt64
        package var transport: AgentTransport
        package var address: String
        package var sequence: UInt64
        package var epoch: Epoch?
        package var isGoodbye: Bool

        package init(
            session: UInt64, transport: AgentTransport, address: String, sequence: UInt64, epoch: Epoch?,
            isGoodbye: Bool
        ) {
            self.session = session
            self.transport = transport
            self.address = address
            self.sequence = sequence
            self.epoch = epoch
            self.isGoodbye = isGoodbye
        }
    }

    package enum Finding: String, Hashable, Sendable {
        /// Two hosts take turns.
        case replacements
        /// One of them says that it stands before a handover that the other has adopted.
        case olderState = "older-state"
    }

    static let window = Duration.seconds(60)
    /// One replacement is an agent whose lost connection the server has not noticed.
    static let tolerated = 2

    private var latest: [AgentID: Sighting] = [:]
    private var replacements: [AgentID: [Timestamp]] = [:]

    package init() {}

    /// Every message of every agent, the signs of life included.
    package mutating func saw(_ sighting: Sighting, of agent: AgentID, at now: Timestamp) -> Finding? {
        let before = latest.updateValue(sighting, forKey: agent)
        guard let before, !before.isGoodbye, sighting.isAnother(than: before) else { return nil }
        if let epoch = sighting.epoch, let known = before.epoch, epoch < known { return .olderState }
        let recent = replacements[agent, default: []].filter { now - $0 < Self.window && $0 <= now } + [now]
        replacements[agent] = recent.suffix(Self.tolerated + 1)
        return recent.count > Self.tolerated ? .replacements : nil
    }

    /// A session ended and no other had taken its place.
    package mutating func ended(_ session: UInt64, of agent: AgentID, at now: Timestamp) {
        if latest[agent]?.session == session { latest[agent] = nil }
        guard let last = replacements[agent]?.last, now - last >= Self.window else { return }
        replacements[agent] = nil
    }
}

extension CopyWatch.Sighting {
    /// Whether it can come from another host than the message before, which was the last word of a living session.
    fileprivate func isAnother(than before: Self) -> Bool {
        // One connection has one host at its end; polls are one session over any number of them.
        if session == before.session, transport == .webSocket { return false }
        if address != before.address { return true }
        // Numbers that were lost on the way leave a gap; an agent that never counts says nothing by its zeros.
        return sequence <= before.sequence && before.sequence > 0
    }
}
