import DurableFiles
import Foundation
import TestValues
import Testing
import Vocabulary

@Suite struct AtomicFileTests {
    let directory: TemporaryFolder

    init() throws { directory = try TemporaryFolder() }

    @Test func `what is written is read, replaced whole, and alone in the directory`() throws {
        for bytes in [[1, 2, 3], [], [UInt8](repeating: 9, count: 300_000), [4]] as [[UInt8]] {
            try AtomicFile.write(bytes, to: directory.path("file"))
            #expect(try AtomicFile.read(directory.path("file"), limit: 300_000) == bytes)
        }
        #expect(try directory.names() == ["file"])
    }

    @Test func `nobody else can read unless it is asked for`() throws {
        try AtomicFile.write([1], to: directory.path("key"))
        try AtomicFile.write([1], to: directory.path("leaf"), mode: .public)
        #expect(try directory.mode("key") == 0o600)
        #expect(try directory.mode("leaf") == 0o644)
        // A file that was open to all becomes private by being replaced.
        try AtomicFile.write([1], to: directory.path("leaf"))
        #expect(try directory.mode("leaf") == 0o600)
    }

    @Test func `a file that is not there is nil and not a failure`() throws {
        #expect(try AtomicFile.read(directory.path("none"), limit: 10) == nil)
    }

    @Test func `the limit holds to the last byte`() throws {
        try AtomicFile.write([UInt8](repeating: 1, count: 100), to: directory.path("file"))
        #expect(try AtomicFile.read(directory.path("file"), limit: 100)?.count == 100)
        #expect(throws: FileFailure.tooLarge(path: directory.path("file"), limit: 99)) {
            try AtomicFile.read(directory.path("file"), limit: 99)
        }
    }

    @Test func `F26 a symbolic link is replaced by a write and refused by a read`() throws {
        try directory.write([7], to: "victim")
        try FileManager.default.createSymbolicLink(
            atPath: directory.path("file"), withDestinationPath: directory.path("victim"))
        #expect(throws: FileFailure.symbolicLink(path: directory.path("file"))) {
            try AtomicFile.read(directory.path("file"), limit: 10)
        }
        try AtomicFile.write([1], to: directory.path("file"))
        #expect(try directory.read("victim") == [7])
        #expect(try AtomicFile.read(directory.path("file"), limit: 10) == [1])
    }

    @Test func `what is no regular file is refused without waiting for it`() throws {
        let made = unsafe mkfifo(directory.path("pipe"), 0o600)
        #expect(made == 0)
        #expect(throws: FileFailure.notAFile(path: directory.path("pipe"))) {
            try AtomicFile.read(directory.path("pipe"), limit: 10)
        }
        #expect(throws: FileFailure.notAFile(path: directory.path)) {
            try AtomicFile.read(directory.path, limit: 10)
        }
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o666])
    func `a private file that others can reach is refused`(mode: Int) throws {
        try AtomicFile.write([1], to: directory.path("key"))
        #expect(try AtomicFile.read(directory.path("key"), limit: 10, mode: .private) == [1])
        try directory.setMode(mode, of: "key")
        #expect(throws: FileFailure.tooOpen(path: directory.path("key"), mode: UInt32(mode))) {
            try AtomicFile.read(directory.path("key"), limit: 10, mode: .private)
        }
        #expect(try AtomicFile.read(directory.path("key"), limit: 10) == [1])
    }

    @Test func `where nothing can be written the reason is said in words`() throws {
        try AtomicFile.write([1], to: directory.path("file"))
        let table: [(path: String, FileFailure.Operation, Int32, String)] = [
            (directory.path("file/below"), .open, ENOTDIR, "Not a directory"),
            (directory.path("none/below"), .open, ENOENT, "No such file"),
            (directory.path(String(repeating: "x", count: 300)), .create, ENAMETOOLONG, "name too long"),
            ("/proc/below", .create, ENOENT, "No such file"),
        ]
        for (path, operation, code, words) in table {
            do {
                try AtomicFile.write([1], to: path)
                Issue.record("\(path) was written")
            } catch {
                guard case .system(let named, operation, code) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(operation == .open ? path.hasPrefix(named) : path == named)
                #expect(error.operatorMessage.cause.contains(words), "\(error.operatorMessage)")
            }
        }
        #expect(try directory.names() == ["file"])
    }

    @Test func `a directory in the file's place is not replaced, and no temporary file stays`() throws {
        try FileManager.default.createDirectory(atPath: directory.path("file"), withIntermediateDirectories: false)
        #expect(throws: FileFailure.system(path: directory.path("file"), operation: .rename, errno: EISDIR)) {
            try AtomicFile.write([1], to: directory.path("file"))
        }
        #expect(try directory.names() == ["file"])
    }
}
