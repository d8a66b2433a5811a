import ServerCore
import ServerTransport
import Synchronization
import TestValues
import Testing
import Vocabulary

@testable import MiniServer

/// Sessions that end in a crowd: each save costs a sync, and a newcomer waits behind it.
@Suite(.timeLimit(.minutes(1)))
struct SessionEndsTests {
    private static func end(_ number: UInt64) throws -> SessionEnds.End {
        let request = ConnectionRequest(
            caller: Caller(presented: .nothing, address: "192.0.2.1"), transport: .webSocket, at: .now)
        let session = AgentSession(
            number: number, agent: .init(repeating: 1), kind: .agent,
            request: request)
        return SessionEnds.End(session: session, ending: .lost, at: .now)
    }

    @Test func `ends that come while others are saved are saved together, and each is told when it is`() async throws {
        let ends = SessionEnds()
        let all = try (0..<600).map { try Self.end(UInt64($0)) }
        let sizes = Mutex<[Int]>([])
        let opened = AsyncStream<Void>.makeStream()
        let save = { @Sendable (group: [SessionEnds.End]) async in
            // The first one takes as long as all others need to arrive.
            let isFirst = sizes.withLock { sizes in
                sizes.append(group.count)
                return sizes.count == 1
            }
            if isFirst { for await _ in opened.stream { break } }
        }
        await withTaskGroup { group in
            group.addTask { await ends.add(all[0], save: save) }
            while sizes.withLock({ $0.isEmpty }) { await Task.yield() }
            for end in all.dropFirst() { group.addTask { await ends.add(end, save: save) } }
            while await ends.waitingCount < all.count - 1 { await Task.yield() }
            opened.continuation.yield()
        }
        let saved = sizes.withLock { $0 }
        #expect(saved == [1, SessionEnds.mostAtOnce, SessionEnds.mostAtOnce, 600 - 1 - 2 * SessionEnds.mostAtOnce])
    }
}
