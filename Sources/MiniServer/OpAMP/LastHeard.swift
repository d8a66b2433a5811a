import Logging
import ServerStorage
import ServiceLifecycle
import Synchronization
import Vocabulary

/// When agents were heard last, as long as their rows do not say so: saved once a minute and at the end, for many agents
/// in one transaction. A power failure loses the last minute of it.
final class LastHeard: Sendable {
    static let period = Duration.seconds(60)
    private static let mostAtOnce = 256

    private let unsaved = Mutex<[AgentID: Timestamp]>([:])

    func note(_ agent: AgentID, at time: Timestamp) {
        unsaved.withLock { $0[agent] = max($0[agent] ?? time, time) }
    }

    func time(of agent: AgentID) -> Timestamp? { unsaved.withLock { $0[agent] } }

    func save(in database: ServerDatabase, log: Logger) async {
        let times = unsaved.withLock { $0 }
        for start in stride(from: 0, to: times.count, by: Self.mostAtOnce) {
            let some = Dictionary(uniqueKeysWithValues: times.dropFirst(start).prefix(Self.mostAtOnce).map { $0 })
            do {
                try await database.writeWithNext { try $0.agents.save(lastSeen: some) }
                unsaved.withLock { unsaved in
                    for (agent, time) in some where unsaved[agent] == time { unsaved[agent] = nil }
                }
            } catch {
                log.warning("last contacts of agents not saved", metadata: ["reason": "\(error.explained)"])
            }
        }
    }
}
