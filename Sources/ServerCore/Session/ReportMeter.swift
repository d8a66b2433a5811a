package import Vocabulary

/// Slows down agents whose reports are large, because one that reports all it may without pause would keep the disk from
/// everybody else. A report that comes too early waits, and so does its answer; none is lost.
package struct ReportMeter: Hashable, Sendable {
    /// Bytes a second of each agent.
    package static let rate = 1 << 20
    /// Smaller reports cost nothing, in bytes.
    package static let free = 16 << 10
    /// An agent that waits for a server has little time for it.
    package static let longest = Duration.seconds(2)
    private static let mostKnown = 1024

    /// Until when what each agent has reported is paid for.
    private var paid: [AgentID: Timestamp] = [:]

    package init() {}

    /// - Parameter size: of the message, in bytes.
    /// - Returns: how long the report waits before it is decided on; `nil` when the agent sends several at once and has
    ///   to come again later, so that what waits does not take the memory.
    package mutating func wait(for size: Int, of agent: AgentID, at now: Timestamp) -> Duration? {
        guard size >= Self.free else { return .zero }
        if paid.count >= Self.mostKnown { paid = paid.filter { now < $0.value } }
        let owed = max(.zero, (paid[agent] ?? now) - now)
        // A time that lies further ahead than any report costs is that of a clock that was set back.
        let wait = owed > Self.longest * 2 ? .zero : owed
        guard wait <= Self.longest else { return nil }
        paid[agent] = now + wait + min(.milliseconds(size * 1000 / Self.rate), Self.longest)
        return wait
    }
}
