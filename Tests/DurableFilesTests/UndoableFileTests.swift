import DurableFiles
import Foundation
import TestValues
import Testing

@Suite struct UndoableFileTests {
    let directory: TemporaryFolder
    var path: String { directory.path("app.yaml") }
    var file: UndoableFile { UndoableFile(path) }

    init() throws { directory = try TemporaryFolder() }

    private func owner() throws -> (user: uid_t, group: gid_t, mode: mode_t) {
        var status = stat()
        try #require(unsafe stat(path, &status) == 0)
        return (status.st_uid, status.st_gid, status.st_mode & 0o7777)
    }

    private func replace(with bytes: [UInt8]) throws {
        _ = try file.stage(bytes)
        try file.replace()
    }

    private var entries: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
    }

    @Test func `what is not confirmed is put back, also by a later process`() throws {
        try directory.write([1], to: "app.yaml")
        try replace(with: [2])
        #expect(try AtomicFile.read(path, limit: 10) == [2])
        try UndoableFile(path).undo()
        #expect(try AtomicFile.read(path, limit: 10) == [1])
        #expect(try entries == ["app.yaml"])
    }

    @Test func `what is confirmed stays`() throws {
        try directory.write([1], to: "app.yaml")
        try replace(with: [2])
        try file.confirm()
        try file.undo()
        #expect(try AtomicFile.read(path, limit: 10) == [2])
        #expect(try entries == [".app.yaml.previous", "app.yaml"])
        #expect(try directory.read(".app.yaml.previous") == [1])
    }

    @Test func `what is staged is beside the file, under its name, and changes nothing`() throws {
        try directory.write([1], to: "app.yaml")
        let staged = try file.stage([2])
        #expect(staged.hasSuffix("app.yaml") && staged != path)
        #expect(try AtomicFile.read(staged, limit: 10) == [2])
        #expect(try AtomicFile.read(path, limit: 10) == [1])
        try file.undo()
        #expect(try entries == ["app.yaml"])
    }

    @Test func `a file that did not exist is removed again`() throws {
        try replace(with: [2])
        try file.undo()
        #expect(try entries.isEmpty)
        try replace(with: [3])
        try file.confirm()
        #expect(try entries == ["app.yaml"])
    }

    @Test func `a second replacement begins at what was confirmed last`() throws {
        try directory.write([1], to: "app.yaml")
        try replace(with: [2])
        try replace(with: [3])
        try file.undo()
        #expect(try AtomicFile.read(path, limit: 10) == [1])
    }

    /// Killed after the old content was kept and before the new one was there.
    @Test func `kept content of a file that was not replaced does not come back later`() throws {
        try directory.write([1], to: "app.yaml")
        try FileManager.default.linkItem(atPath: path, toPath: directory.path(".app.yaml.before"))
        try file.undo()
        #expect(try entries == ["app.yaml"])
        #expect(try AtomicFile.read(path, limit: 10) == [1])
    }

    @Test func `mode and owner stay, when it is replaced and when it is put back`() throws {
        try directory.write([1], to: "app.yaml")
        try directory.setMode(0o644, of: "app.yaml")
        if geteuid() == 0 { #expect(unsafe chown(path, 65_534, 12) == 0) }
        let before = try owner()
        try replace(with: [2])
        #expect(try owner() == before)
        try file.undo()
        #expect(try owner() == before)
    }

    @Test func `what could not be put back is refused, and nothing changes`() throws {
        try directory.write([1], to: "elsewhere")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "elsewhere")
        #expect(throws: FileFailure.symbolicLink(path: path)) { try replace(with: [2]) }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(throws: FileFailure.notAFile(path: path)) { try replace(with: [2]) }
        #expect(try entries == ["app.yaml", "elsewhere"])
    }

    @Test func `what a killed process left half written is removed, and nothing of another program's`() throws {
        let other = ".other.yaml.tmp-0011223344556677"
        // Of a file whose name begins as the name of a leftover.
        let longer = ".app.yaml.tmp-1.tmp-0011223344556677"
        for name in [".app.yaml.tmp-0011223344556677", other, longer] { try directory.write([9], to: name) }
        try file.undo()
        #expect(try Set(entries) == [other, longer])
    }
}
