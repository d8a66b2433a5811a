/// Exponential backoff with full jitter: the wait is drawn evenly from nothing to a ceiling that doubles.
public struct Backoff: Equatable, Sendable {
    public var initial: Duration
    public var maximum: Duration
    /// No wait is shorter, however the draw falls.
    public var floor: Duration
    /// No server can silence the agent for longer than this with `Retry-After` or `retry_info`.
    public var longestAdvice: Duration

    public init(
        initial: Duration = .seconds(1), maximum: Duration = .seconds(300), floor: Duration = .milliseconds(50),
        longestAdvice: Duration = .seconds(3600)
    ) {
        self.initial = initial
        self.maximum = maximum
        self.floor = floor
        self.longestAdvice = longestAdvice
    }

    /// - Parameters:
    ///   - attempt: how many attempts in a row led to no stable session, from 0.
    ///   - chance: an even draw from all of `UInt64`.
    ///   - advice: what the server asked for; the wait is never shorter.
    ///   - least: our own lower bound, for example after a refusal.
    public func wait(attempt: Int, chance: UInt64, advice: Duration? = nil, least: Duration = .zero) -> Duration {
        let ceiling = min(maximum, initial * (1 << min(max(attempt, 0), 20)))
        let share = Double(chance >> 11) / Double(UInt64(1) << 53)
        let drawn =
            Duration.milliseconds(Int64(Double(ceiling.components.seconds) * 1000 * share))
            + Duration.milliseconds(Int64(Double(ceiling.components.attoseconds) / 1e15 * share))
        return max(drawn, floor, least, min(advice ?? .zero, longestAdvice))
    }
}
