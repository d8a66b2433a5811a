import Logging
import ServerStorage
import ServiceLifecycle

/// Moves the write-ahead log into the database outside of commits, saves what is collected for a minute, and ends the
/// server when the disk has failed.
struct StorageUpkeep: Service {
    let server: ServerContext
    let fleet: FleetService

    static let period = Duration.milliseconds(500)

    func run() async throws {
        let (database, log) = (server.database, server.log)
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    while (try? await Task.sleep(for: Self.period)) != nil {
                        do {
                            try await database.checkpoint()
                        } catch {
                            log.warning("checkpoint failed", metadata: ["reason": "\(error.explained)"])
                        }
                    }
                }
                group.addTask {
                    while (try? await Task.sleep(for: LastHeard.period)) != nil { await fleet.saveLastHeard() }
                }
                group.addTask {
                    for await failure in database.failures {
                        log.critical("the server stops", metadata: ["reason": "\(failure.explained)"])
                        throw failure
                    }
                }
                try await group.next()
                group.cancelAll()
            }
        }
    }
}
