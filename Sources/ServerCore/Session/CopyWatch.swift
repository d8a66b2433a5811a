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

    /// Twice the longest wait of an agent that is thrown out again and again.
    static let window = Duration.seconds(600)
    /// One replacement is an agent whose lost connection the server has not noticed.
    static let tolerated = 2

    private struct Latest {
        var sighting: Sighting
        var at: Timestamp
    }

    private var latest: [AgentID: Latest] = [:]
    private var replacements: [AgentID: [Timestamp]] = [:]

    package init() {}

    /// Every message of every agent, the signs of life included.
    package mutating func saw(_ sighting: Sighting, of agent: AgentID, at now: Timestamp) -> Finding? {
        let last = latest.updateValue(Latest(sighting: sighting, at: now), forKey: agent)
        guard let last, !last.sighting.isGoodbye, sighting.isAnother(than: last.sighting) else { return nil }
        let before = last.sighting
        if let epoch = sighting.epoch, let known = before.epoch, epoch < known { return .olderState }
        // Two hosts that poll seldom take turns as seldom.
        let window = sighting.transport == .polling ? max(Self.window, (now - last.at) * 4) : Self.window
        let recent = replacements[agent, default: []].filter { now - $0 < window && $0 <= now } + [now]
        replacements[agent] = recent.suffix(Self.tolerated + 1)
        return recent.count > Self.tolerated ? .replacements : nil
    }

    /// A session ended and no other had taken its place.
    package mutating func ended(_ session: UInt64, of agent: AgentID, at now: Timestamp) {
        if latest[agent]?.sighting.session == session { latest[agent] = nil }
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
