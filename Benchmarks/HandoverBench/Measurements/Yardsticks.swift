import BareClient
import Foundation
import GRDB

extension Bench {
    /// What this machine asks for anything that saves, commits, connects or answers.
    func measureYardsticks() async throws {
        let database = try yardstickDatabase()
        for _ in 0..<5 {
            try measureSave(some(50))
            try measureCommit(some(50), database)
            try await measureConnect(some(50))
            try await measureConnectCrowd()
            try await measureEcho(.echo, some(400))
            try await measureEcho(.pollEcho, some(400))
        }
    }

    private func yardstickDatabase() throws -> DatabasePool {
        let pool = try DatabasePool(path: folder.appending(path: "yardstick.sqlite").path)
        try pool.writeWithoutTransaction { database in
            // GRDB sets NORMAL when it opens.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(sql: "CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
        }
        return pool
    }

    private func measureCommit(_ count: Int, _ pool: DatabasePool) throws {
        let text = String(repeating: "x", count: 300)
        for _ in 0..<count {
            let start = ContinuousClock.now
            try pool.write { database in
                try database.cachedStatement(sql: "INSERT INTO entry (text) VALUES (?)").execute(arguments: [text])
            }
            report.add(.commit, [(ContinuousClock.now - start) / .milliseconds(1)])
        }
    }

    private func measureEcho(_ name: Figure.Name, _ count: Int) async throws {
        let (loadTarget, agent) = (bare.loadTarget, bare.agents[0])
        report.add(
            name,
            try await onThread {
                let load = try Load(loadTarget)
                let line = try load.join([agent], over: name == .echo ? .webSocket : .poll).lines[0]
                let took = try (0..<count).map { _ in try load.exchange(1, on: [line]) / .milliseconds(1) }
                load.close([line])
                return took
            })
    }
}
