import Foundation
import ServerCore
import Testing

@testable import ServerStorage

/// A child process is killed while it commits in groups; what it was answered is there, and nothing is half there.
@Suite struct CrashTests {
    private func lines(until count: Int, of path: String) throws -> Set<String> {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: program).deletingLastPathComponent().appending(path: "storage-writer")
        process.arguments = [path, "32"]
        process.standardOutput = output
        try process.run()
        var said = Data()
        while said.count(where: { $0 == 10 }) < count {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { break }
            said += more
        }
        kill(process.processIdentifier, SIGKILL)
        said += output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        return Set(String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init))
    }

    @Test func `killed again and again, every answered job is whole and no other is half`() async throws {
        try await DatabaseFile.inFolder { path in
            var answered: Set<String> = []
            for round in 1...6 {
                answered.formUnion(try lines(until: round * 37, of: path))
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
