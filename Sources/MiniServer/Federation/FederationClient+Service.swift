import Logging
import ServerCore
import ServerStorage
import ServiceLifecycle
import Vocabulary

extension FederationClient: Service {
    static let refreshPeriod = Duration.seconds(300)

    /// Keeps what this server knows of its peers' authorities up to date, and ends with every connection closed.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.refreshAll()
                try? await Task.sleep(for: Self.refreshPeriod)
            }
        }
        await shutDown()
    }

    private func refreshAll() async {
        let peers = (try? await server.database.read { try $0.peers.all() }) ?? []
        for peer in peers where peer.enabled && peer.outbound != nil && !Task.isCancelled {
            do {
                try await refresh(peer, by: .server)
            } catch {
                server.log.notice(
                    "peer not refreshed", metadata: ["peer": "\(peer.name)", "reason": "\(error.explained)"])
            }
        }
    }
}
