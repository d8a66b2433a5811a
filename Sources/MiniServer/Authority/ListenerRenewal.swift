import Certificates
import Logging
import ServerTransport
import ServiceLifecycle
import UnixSignals
import Vocabulary

extension ServerContext {
    /// Shows what there is to show now, if it is another certificate. One that cannot be used is reported, and the
    /// present one stays: a bad file must not end what works.
    ///
    /// - Parameter announce: tells the peers of the chain before it is shown.
    func renewListener(announcing announce: ([Certificate]) async -> Void = { _ in }) async {
        do {
            let identity = try await listenerSource.load(authority: authority, database: database, at: now())
            guard identity.chain != listener.chain else { return }
            await announce(identity.chain)
            try listener.replace(chain: identity.chain, key: identity.key)
            log.notice(
                "listener certificate replaced",
                metadata: [
                    "sha256": "\(identity.chain[0].fingerprint)", "expires": "\(identity.chain[0].notAfter)",
                ])
        } catch {
            log.error("listener certificate not replaced", metadata: ["reason": "\(error.explained)"])
        }
    }
}

/// Looks for another listener certificate every hour, and when an operator says that there is one.
struct ListenerRenewal: Service {
    let server: ServerContext
    /// What an operator says it with.
    let signals: [UnixSignal]
    /// Tells the peers of a chain before it is shown.
    var announce: @Sendable ([Certificate]) async -> Void = { _ in }

    static let period = Duration.seconds(3600)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { [announce] in
                    while (try? await Task.sleep(for: Self.period)) != nil {
                        await server.renewListener(announcing: announce)
                    }
                }
                group.addTask { [signals, announce] in
                    guard !signals.isEmpty else { return }
                    for await _ in await UnixSignalsSequence(trapping: signals) {
                        await server.renewListener(announcing: announce)
                    }
                }
            }
        }
        server.listener.close()
    }
}
