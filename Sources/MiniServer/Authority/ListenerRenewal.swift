import Certificates
import Logging
import ServerCore
import ServerStorage
import ServerTransport
import ServiceLifecycle
import Synchronization
import UnixSignals
import Vocabulary

extension ServerContext {
    /// Shows what there is to show now, if it is another certificate. One that would not be accepted at a start is not
    /// accepted here: it is reported in log, audit trail and metrics, and the present one stays, since a bad file must
    /// not end what works.
    ///
    /// - Parameter announce: tells the peers of the chain before it is shown.
    func renewListener(announcing announce: ([Certificate]) async -> Void = { _ in }) async {
        do {
            let identity = try await listenerSource.load(
                authority: authority, database: database, address: address.listen, at: now())
            listenerTrouble.end()
            guard identity.chain != listener.chain else { return }
            await announce(identity.chain)
            try listener.replace(chain: identity.chain, key: identity.key)
            log.notice(
                "listener certificate replaced",
                metadata: [
                    "sha256": "\(identity.chain[0].fingerprint)", "expires": "\(identity.chain[0].notAfter)",
                ])
        } catch {
            await keepListener(because: error)
        }
    }

    private func keepListener(because error: any Error) async {
        let present = listener.chain[0]
        log.error(
            "listener certificate not replaced",
            metadata: [
                "reason": "\(error.explained)", "kept": "\(present.fingerprint)", "expires": "\(present.notAfter)",
            ])
        // Looked at every hour, it is audited once.
        guard listenerTrouble.isNews(error.explained) else { return }
        let message = (error as? any OperatorExplainable)?.operatorMessage
        let fact = AuditFact(
            .listenerCertificateRefused, entityType: "server", entityID: authority.peerID.description,
            after: present.fingerprint.description,
            additional: .members([
                "code": (message?.code).map(JSON.string), "reason": .string(error.explained.printable(upTo: 1000)),
                "keptUntil": .string(present.notAfter.description),
            ]))
        do {
            _ = try await database.write { try $0.audit.append(fact, context: .server, at: now()) }
        } catch {
            log.error("listener certificate: not audited", metadata: ["reason": "\(error.explained)"])
        }
    }
}

/// Why the listener's certificate could not be replaced when it was looked for last.
final class ListenerTrouble: Sendable {
    private let reason = Mutex<String?>(nil)

    /// Operators see it as a gauge.
    var isPresent: Bool { reason.withLock { $0 != nil } }

    func end() { reason.withLock { $0 = nil } }

    func isNews(_ text: String) -> Bool {
        reason.withLock { known in
            defer { known = text }
            return known != text
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
