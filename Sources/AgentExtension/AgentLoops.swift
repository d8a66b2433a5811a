import ClientTransport
import HostSystem
import Synchronization

/// The threads and network loops that many agents of one process share. Without it each agent has a loop, and so a thread, of
/// its own.
///
///     let loops = try AgentLoops()
///     let agents = try configurations.map { try AgentExtension.start($0, on: loops) }
///     // What the host is there for.
///     for agent in agents { await agent.stop() }
///     loops.shutDown()
///
/// Each agent belongs to one loop; a save of one, which waits for the disk, makes the others of that loop wait. An agent itself
/// takes two descriptors, its lock and its connection, and a third one while it dials; a loop takes about ten.
public final class AgentLoops: Sendable {
    private let loops: [EventLoop]
    private let taken = Atomic<Int>(0)

    /// - Parameters:
    ///   - count: how many loops, with one thread each. One is enough for 1,000 agents that say little.
    ///   - dialThreads: how many names are resolved, and https or http proxies waited for, at once; further dials wait. A
    ///     connection that goes through an https proxy keeps a thread beyond these for as long as it lasts.
    /// - Throws: when the host is out of memory, descriptors or threads.
    public init(count: Int = 1, dialThreads: Int = 2) throws(StateFailure) {
        let threads = DialThreads(limit: dialThreads)
        // A table is made for as many; the process can have no more in any case.
        let limit = min(OpenFiles.limit(raisedTo: 0) ?? Self.connections, Self.connections)
        var loops: [EventLoop] = []
        do throws(TransportFailure) {
            for _ in 0..<max(1, count) {
                loops.append(try EventLoop(connectionLimit: limit, dialThreads: threads))
            }
        } catch {
            for loop in loops { loop.shutDown() }
            throw .transport(error)
        }
        self.loops = loops
    }

    private static let connections = 16_384

    /// For the next agent, in turn.
    func next() -> EventLoop {
        loops[taken.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count]
    }

    /// Ends the threads, and every connection without a word to its server: stop the agents first. Nothing starts on these
    /// loops afterwards. Idempotent.
    public func shutDown() { for loop in loops { loop.shutDown() } }

    deinit { shutDown() }
}
