import Logging
import ServerCore
import ServerStorage
import ServiceLifecycle
import Vocabulary

extension FederationClient {
    static let refreshPeriod = Duration.seconds(300)

    /// Keeps what this server knows of its peers' authorities up to date, and ends with every connection closed.
    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // First: a peer that does not know the CA above this server's listener cannot ask.
                await self.announceTrust()
                await self.refreshAll()
                try? await Task.sleep(for: Self.refreshPeriod)
            }
        }
        await shutDown()
    }

    private func refreshAll() async {
        await withEveryPeer { peer in
            do {
                try await self.refresh(peer, by: .server)
            } catch {
                self.server.log.notice(
                    "peer not refreshed", metadata: ["peer": "\(peer.name)", "reason": "\(error.explained)"])
            }
        }
    }
}
