import DurableFiles
import Foundation
import HostSystem
import TestValues
import Testing
import Vocabulary

/// A child process dies at every step of a durable write; what it acknowledged is there, and nothing is half there.
@Suite struct CrashTests {
    let directory: TemporaryFolder
    var state: StateFile { StateFile(path: directory.path("state")) }

    init() throws { directory = try TemporaryFolder() }

    /// The last generation that the child said it had saved.
    private func acknowledged(_ lines: [String]) throws -> UInt64 {
        let number = try #require(lines.last?.split(separator: " ").last)
        return try #require(UInt64(number))
    }

    private func nextAcknowledged(_ child: CrashWriterProcess) async throws -> UInt64 {
        let line = try #require(try await child.nextLine())
        return try acknowledged([line])
    }

    /// Loads as the next process would, and insists on the old or the new generation, whole.
    private func checkState(after acknowledged: UInt64, expected: UInt64? = nil) throws {
        guard let loaded = try state.load() else {
            #expect(acknowledged == 0)
            return
        }
        #expect(loaded.generation == acknowledged || loaded.generation == acknowledged + 1)
        if let expected { #expect(loaded.generation == expected) }
        #expect(!loaded.recoveredFromPrevious)
        let line = "generation \(loaded.generation)\n"
        let count = Int(loaded.generation % 7) * 500 + 1
        #expect(loaded.payload == Array(String(repeating: line, count: count).utf8))
    }

    @Test(arguments: CrashPoint.names(label: "state"), [1, 2, 5])
    func `F21 killed at a step of a save, the old or the new generation is there`(point: String, time: Int) async throws
    {
        let child = try CrashWriterProcess("save", directory.path, "8", crashAt: "\(point)#\(time)")
        let end = try await child.finish()
        #expect(end.ending == .killed(signal: SIGKILL), "\(point) was not reached: \(end)")
        let said = try acknowledged(end.lines)
        // The first save has no generation to keep, so it does not pass that point.
        let saves = point.hasSuffix("previous-kept") ? time : time - 1
        #expect(said == UInt64(saves))
        let isNewVisible = point.hasSuffix("renamed") || point.hasSuffix("directory-synced")
        try checkState(after: said, expected: isNewVisible ? said + 1 : said)

        // The next process goes on from there and tidies up.
        let next = try await CrashWriterProcess("save", directory.path, "2").finish()
        #expect(next.ending == .exited(status: 0))
        try checkState(after: acknowledged(next.lines))
        #expect(try directory.names() == ["lock", "state", "state.previous"])
    }

    @Test(arguments: CrashPoint.names(label: "plain").filter { !$0.hasSuffix("previous-kept") })
    func `F21 killed at a step of a plain write, the old or the new file is there`(point: String) async throws {
        let end = try await CrashWriterProcess("replace", directory.path, "5", crashAt: "\(point)#3").finish()
        #expect(end.ending == .killed(signal: SIGKILL))
        let isNewVisible = point.hasSuffix("renamed") || point.hasSuffix("directory-synced")
        #expect(try AtomicFile.read(directory.path("plain"), limit: 10) == Array((isNewVisible ? "3" : "2").utf8))
    }

    @Test func `a point of another name does not stop anything`() async throws {
        for point in ["state", "state.renamed.x", "State.renamed", "state.renamed#9", "#", ""] {
            let end = try await CrashWriterProcess("save", directory.path, "2", crashAt: point).finish()
            #expect(end.ending == .exited(status: 0), "\(point)")
        }
    }

    @Test func `F22 killed at any moment, again and again, no acknowledged generation is lost`() async throws {
        var generation: UInt64 = 0
        for round in 0..<25 {
            let child = try CrashWriterProcess("save", directory.path, "1000000")
            var seen = try await nextAcknowledged(child)
            #expect(seen == generation || seen == generation + 1)
            for _ in 0..<(round * 7 % 23) {
                seen = try await nextAcknowledged(child)
            }
            child.kill()
            let end = try await child.finish()
            #expect(end.ending == .killed(signal: SIGKILL))
            generation = end.lines.isEmpty ? seen : try acknowledged(end.lines)
            try checkState(after: generation)
        }
        #expect(generation > 25)
    }

    @Test(arguments: [0, 10, 4096, 99_999])
    func `F23 when the disk takes no more the old generation stays and the reason is said`(bytes: Int) async throws {
        try state.save([1])
        let before = try directory.names()
        let end = try await CrashWriterProcess("limited", directory.path, "\(bytes)").finish()
        #expect(end.ending == .exited(status: 3))
        #expect(end.lines.count == 1)
        #expect(end.lines.first?.contains("File too large") == true)
        #expect(try state.load()?.payload == [1])
        #expect(try directory.names() == before)
    }

    @Test func `the second process in a directory is told who is there`() async throws {
        let first = try CrashWriterProcess("lock", directory.path)
        #expect(try await first.nextLine() == "locked")
        let second = try await CrashWriterProcess("save", directory.path, "1").finish()
        #expect(second.ending == .exited(status: 3))
        #expect(second.lines.first?.contains("is locked by process \(first.id).") == true)
        first.endInput()
        #expect(try await first.finish().ending == .exited(status: 0))
    }
}
