import HostSystem
import Vocabulary

/// The agent's only clock of day and only source of chance.
struct AgentClock: Sendable {
    func now() -> Timestamp { WallClock.now() }

    /// An even draw from all of `UInt64`.
    func chance() -> UInt64 { UInt64.random(in: .min ... .max) }
}
