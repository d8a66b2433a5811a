import Foundation
import HostSystem
import ServerCore
import Testing

@testable import ServerStorage

/// A child process is killed while it commits in groups; what it was answered is there, and nothing is half there.
@Suite struct CrashTests {
    /// What was answered until the writer was killed: after `count` answers, or by its own crash point before that.
    private func lines(
        until count: Int, of path: String, callers: Int = 32, crashingAt point: String? = nil,
        filesOf bytes: Int? = nil
    ) async throws -> Set<String> {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let own = point.map { ["OPAMP_CRASH_AT": $0] } ?? [:]
        let writer = try ChildProcess(
            URL(filePath: program).deletingLastPathComponent().appending(path: "storage-writer").path,
            [path, "\(callers)"] + (bytes.map { ["\($0)"] } ?? []),
            environment: ProcessInfo.processInfo.environment.merging(own) { _, own in own }, output: .pipe)
        var said: [UInt8] = []
        while said.count(where: { $0 == 10 }) < count {
            let more = try await writer.output.next()
            guard !more.isEmpty else { break }
            said += more
        }
        writer.send(SIGKILL)
        said += try await writer.output.rest()
        #expect(await writer.ended() == .killed(signal: SIGKILL))
        return Set(String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init))
    }

    /// A single caller has one job in each commit, so that the n-th commit holds the n-th job.
    @Test(arguments: [1, 2, 5])
    func `killed before a commit its job is gone, killed after it the job is saved and unanswered`(
        commit: Int
    ) async throws {
        for (moment, saved) in [("before", commit - 1), ("after", commit)] {
            try await DatabaseFile.inFolder { path in
                let answered = try await lines(
                    until: 1_000, of: path, callers: 1, crashingAt: "commit.\(moment)#\(commit)")
                #expect(answered.count == commit - 1)
                let database = try ServerDatabase(path: path)
                let groups = try await database.read { try $0.groups.all().map(\.name) }
                #expect(groups.count == saved && answered.isSubset(of: groups))
                try database.close()
            }
        }
    }

    /// The system refuses a write beyond the limit on file sizes as it does for a quota: with another error than "no
    /// space left".
    @Test func `a quota that is used up is a refusal, and the writer goes on when there is room again`() async throws {
        try await DatabaseFile.inFolder { path in
            let refusal = "refused: the system did not write to the disk, as when a quota is used up"
            let said = try await lines(until: 200, of: path, callers: 1, filesOf: 2 << 20)
            let answered = said.subtracting([refusal])
            #expect(said.contains(refusal) && answered.count > 150)
            let database = try ServerDatabase(path: path)
            let groups = try await database.read { try $0.groups.all().map(\.name) }
            #expect(answered.isSubset(of: groups) && groups.count <= answered.count + 1)
            guard case .intact = try await database.read({ try $0.audit.verify() }) else {
                Issue.record("the trail is broken")
                return
            }
            try database.close()
        }
    }

    @Test func `killed again and again, every answered job is whole and no other is half`() async throws {
        try await DatabaseFile.inFolder { path in
            var answered: Set<String> = []
            for round in 1...6 {
                answered.formUnion(try await lines(until: round * 37, of: path))
                let database = try ServerDatabase(path: path)
                let (groups, entries, verdict) = try await database.read { tables in
                    let entries = try tables.audit.list(limit: 1_000_000).map { $0.entry.fact.entityID }
                    return (try tables.groups.all().map(\.name), entries, try tables.audit.verify())
                }
                #expect(answered.isSubset(of: groups))
                #expect(Set(groups) == Set(entries) && groups.count == entries.count)
                guard case .intact(entries.count, _) = verdict else {
                    Issue.record("\(verdict)")
                    return
                }
                try database.close()
            }
            #expect(answered.count >= 37 * 6)
        }
    }
}
