import DurableFiles
import Foundation
import HostSystem
import TestValues
import Testing

@Suite struct UndoableDirectoryTests {
    let directory: TemporaryFolder
    var path: String { directory.path("conf.d") }
    var set: UndoableDirectory { UndoableDirectory(path) }

    init() throws { directory = try TemporaryFolder() }

    private func replace(with files: [String: [UInt8]]) throws {
        _ = try set.stage(files)
        try set.replace()
    }

    private func read() throws -> [String: [UInt8]]? { try set.read(limit: 1000) }

    private func generations() throws -> Int { try directory.names().count { $0.hasPrefix(".conf.d.set-") } }

    private func rights(of name: String) throws -> (user: uid_t, group: gid_t, mode: mode_t) {
        var status = stat()
        try #require(unsafe stat(directory.path(name), &status) == 0)
        return (status.st_uid, status.st_gid, status.st_mode & 0o7777)
    }

    private func makeDirectory(_ files: [String: [UInt8]]) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        for (name, bytes) in files { try directory.write(bytes, to: "conf.d/\(name)") }
    }

    @Test func `what is not confirmed is put back, also by a later process`() throws {
        try replace(with: ["a": [1]])
        try set.confirm()
        try replace(with: ["a": [2], "b": [2]])
        #expect(try read() == ["a": [2], "b": [2]])
        try UndoableDirectory(path).undo()
        #expect(try read() == ["a": [1]])
        #expect(try generations() == 1)
    }

    @Test func `a directory that did not exist is removed again`() throws {
        try replace(with: ["a": [1]])
        try set.undo()
        #expect(try directory.names().isEmpty)
        #expect(try read() == nil)
    }

    @Test func `what is confirmed stays, and the set before is kept, and none older`() throws {
        for turn in UInt8(1)...4 {
            try replace(with: ["a": [turn]])
            try set.confirm()
        }
        try set.undo()
        #expect(try read() == ["a": [4]])
        #expect(try directory.read(".conf.d.previous/a") == [3])
        #expect(try generations() == 2)
    }

    @Test func `what is staged changes nothing, and can be read as a directory`() throws {
        try replace(with: ["a": [1]])
        try set.confirm()
        let staged = try set.stage(["b": [2]])
        #expect(try FileManager.default.contentsOfDirectory(atPath: staged + "/") == ["b"])
        #expect(try read() == ["a": [1]])
        try set.undo()
        #expect(try generations() == 1)
    }

    @Test func `a directory that stands there is taken over, and comes back whole`() throws {
        try makeDirectory(["a": [1]])
        try FileManager.default.createDirectory(atPath: path + "/inner", withIntermediateDirectories: false)
        try directory.write([7], to: "conf.d/inner/c")
        try replace(with: ["b": [2]])
        #expect(try read() == ["b": [2]])
        try set.undo()
        #expect(try read() == ["a": [1]])
        #expect(try directory.read("conf.d/inner/c") == [7])
        for turn in UInt8(3)...4 {
            try replace(with: ["a": [turn]])
            try set.confirm()
        }
        #expect(try generations() == 2, "the one that was taken over is gone with everything in it")
    }

    @Test func `modes and owners stay, and a new file has those of the directory`() throws {
        try makeDirectory(["a": [1], "b": [1]])
        try directory.setMode(0o750, of: "conf.d")
        try directory.setMode(0o604, of: "conf.d/a")
        if geteuid() == 0 {
            for name in ["conf.d", "conf.d/b"] { #expect(unsafe chown(directory.path(name), 65_534, 12) == 0) }
        }
        let (folder, a, b) = (try rights(of: "conf.d"), try rights(of: "conf.d/a"), try rights(of: "conf.d/b"))
        try replace(with: ["a": [2], "b": [2], "c": [2]])
        #expect(try rights(of: "conf.d") == folder)
        #expect(try rights(of: "conf.d/a") == a)
        #expect(try rights(of: "conf.d/b") == b)
        #expect(try rights(of: "conf.d/c") == (folder.user, folder.group, 0o640))
    }

    @Test func `a first set is for this user only`() throws {
        try replace(with: ["a": [1]])
        #expect(try rights(of: "conf.d").mode == 0o700)
        #expect(try rights(of: "conf.d/a").mode == 0o600)
    }

    @Test func `what could not be put back is refused, and nothing changes`() throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/tmp")
        #expect(throws: FileFailure.symbolicLink(path: path)) { try set.stage(["a": [1]]) }
        try FileManager.default.removeItem(atPath: path)
        try directory.write([1], to: "conf.d")
        #expect(throws: FileFailure.notADirectory(path: path)) { try set.stage(["a": [1]]) }
        #expect(try directory.names() == ["conf.d"])
    }

    @Test func `two directories whose names begin alike keep their own generations`() throws {
        let longer = UndoableDirectory(path + ".set-2")
        for directory in [set, longer] {
            _ = try directory.stage(["a": [1]])
            try directory.replace()
            try directory.confirm()
        }
        try replace(with: ["a": [2]])
        try set.confirm()
        #expect(try longer.read(limit: 100) == ["a": [1]] && read() == ["a": [2]])
        _ = try longer.stage(["a": [3]])
        try longer.replace()
        try set.undo()
        #expect(try longer.undo() && longer.read(limit: 100) == ["a": [1]])
        #expect(try !longer.undo(), "nothing was left to put back")
    }

    @Test func `a name that the file system refuses leaves nothing behind`() throws {
        #expect(throws: FileFailure.self) { try set.stage(["a": [1], String(repeating: "n", count: 256): [1]]) }
        #expect(try directory.names().isEmpty)
    }

    /// A set that was acknowledged is there, or the next one; never files of two.
    private func check(after acknowledged: Int?) throws {
        try set.undo()
        guard let files = try read() else {
            #expect(acknowledged == nil)
            return
        }
        #expect(Set(files.values).count == 1 && files.count == 3, "\(files)")
        let turn = try #require(Int(String(decoding: files["a"] ?? [], as: UTF8.self)))
        #expect(turn == acknowledged ?? 0 || turn == (acknowledged ?? 0) + 1)
        #expect(try generations() <= 2)
    }

    @Test(arguments: UndoableStep.allCases, [1, 3])
    func `killed at a step of a replacement, the old or the new set is there`(step: UndoableStep, time: Int)
        async throws
    {
        let end = try await CrashWriterProcess("set", directory.path, "5", crashAt: "\(step.rawValue)#\(time)").finish()
        #expect(end.ending == .killed(signal: SIGKILL))
        #expect(end.lines.count == time - 1)
        try check(after: end.lines.last.flatMap { Int($0) })
    }

    @Test func `a reader sees one set, whenever it comes, and so does one after a kill`() async throws {
        var last: Int?
        for round in 0..<10 {
            try? FileManager.default.removeItem(atPath: path)
            for name in try directory.names() { try? FileManager.default.removeItem(atPath: directory.path(name)) }
            let child = try CrashWriterProcess("set", directory.path, "1000000")
            last = try await child.nextLine().flatMap { Int($0) }
            for _ in 0..<(20 + round) {
                if let files = try? read(), files.count == 3 {
                    #expect(Set(files.values).count == 1, "\(files)")
                }
            }
            child.kill()
            let rest = try await child.finish().lines
            last = rest.last.flatMap { Int($0) } ?? last
            try check(after: last)
        }
    }
}
