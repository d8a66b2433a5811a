import Logging
import ServerCore
import ServerStorage
import ServiceLifecycle
import Vocabulary

extension FederationClient {
    static let refreshPeriod = Duration.seconds(300)

    /// Refreshes the peers' trust bundles, and closes every connection at the end.
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
