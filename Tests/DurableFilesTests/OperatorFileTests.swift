import Foundation
import Glibc
import TestValues
import Testing

@testable import DurableFiles

@Suite struct OperatorFileTests {
    let directory: TemporaryFolder

    init() throws { directory = try TemporaryFolder() }

    private func read(
        _ name: String, limit: Int = 1000, mode: AtomicFile.Mode = .public
    ) throws(FileFailure) -> [UInt8]? {
        try OperatorFile.read(directory.path(name), limit: limit, mode: mode)
    }

    private func link(_ name: String, to target: String) throws {
        try? FileManager.default.removeItem(atPath: directory.path(name))
        try FileManager.default.createSymbolicLink(atPath: directory.path(name), withDestinationPath: target)
    }

    /// The layouts of a mounted Secret or ConfigMap, and of an ACME client's `live` directory.
    @Test func `a link is followed at every read`() throws {
        for version in ["..1", "..2", "archive"] {
            try FileManager.default.createDirectory(
                atPath: directory.path(version), withIntermediateDirectories: false)
        }
        try directory.write([1], to: "..1/key")
        try directory.write([2], to: "..2/key")
        try link("..data", to: "..1")
        try link("key", to: "..data/key")
        #expect(try read("key") == [1])
        try link("..data", to: "..2")
        #expect(try read("key") == [2])

        try directory.write([3], to: "archive/privkey1.pem")
        try directory.write([4], to: "archive/privkey2.pem")
        for (number, expected) in [(1, 3), (2, 4)] as [(Int, UInt8)] {
            try link("privkey.pem", to: directory.path("archive/privkey\(number).pem"))
            #expect(try read("privkey.pem") == [expected])
        }
    }

    @Test func `where nothing is, and where a link leads nowhere, there is no file`() throws {
        #expect(try read("none") == nil)
        try link("dangling", to: "none")
        #expect(try read("dangling") == nil)
        try link("round", to: "round")
        #expect(throws: FileFailure.system(path: directory.path("round"), operation: .open, errno: ELOOP)) {
            try read("round")
        }
    }

    @Test func `the limit holds to the last byte, for files and for what has no end`() throws {
        try directory.write([UInt8](repeating: 1, count: 100), to: "file")
        try link("link", to: "file")
        #expect(try read("link", limit: 100)?.count == 100)
        #expect(throws: FileFailure.tooLarge(path: directory.path("link"), limit: 99)) { try read("link", limit: 99) }
        #expect(throws: FileFailure.tooLarge(path: "/dev/zero", limit: 300_000)) {
            try OperatorFile.read("/dev/zero", limit: 300_000)
        }
    }

    @Test func `a pipe is read to its end, however it is named and however slowly it is filled`() throws {
        var ends: [Int32] = [0, 0]
        let made = unsafe pipe(&ends)
        #expect(made == 0)
        let (output, input) = (ends[0], ends[1])
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        // More than a pipe holds, so writer and reader wait for each other.
        let writer = Thread {
            for start in stride(from: 0, to: bytes.count, by: 50_000) {
                let handle = FileHandle(fileDescriptor: input, closeOnDealloc: false)
                try? handle.write(contentsOf: Data(bytes[start..<start + 50_000]))
                usleep(1000)
            }
            close(input)
        }
        writer.start()
        defer { close(output) }
        #expect(try OperatorFile.read("/dev/fd/\(output)", limit: bytes.count, mode: .private) == bytes)
    }

    @Test func `a named pipe that nobody writes into is empty and not waited for`() throws {
        let made = unsafe mkfifo(directory.path("pipe"), 0o600)
        #expect(made == 0)
        #expect(try read("pipe") == [])
        #expect(!OperatorFile.canBeReadAgain(directory.path("pipe")))
        try directory.write([1], to: "file")
        #expect(
            OperatorFile.canBeReadAgain(directory.path("file")) && OperatorFile.canBeReadAgain(directory.path("none")))
    }

    @Test func `a directory and a socket are no files`() throws {
        #expect(throws: FileFailure.notAFile(path: directory.path)) {
            try OperatorFile.read(directory.path, limit: 10)
        }
        try link("link", to: ".")
        #expect(throws: FileFailure.notAFile(path: directory.path("link"))) { try read("link") }
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o666])
    func `a secret that others can reach is refused, behind a link and as a pipe too`(mode: Int) throws {
        try directory.write([1], to: "key")
        try directory.setMode(0o600, of: "key")
        try link("link", to: "key")
        #expect(try read("link", mode: .private) == [1])
        try directory.setMode(mode, of: "key")
        #expect(throws: FileFailure.tooOpen(path: directory.path("link"), mode: UInt32(mode))) {
            try read("link", mode: .private)
        }
        #expect(try read("link") == [1])
        let made = unsafe mkfifo(directory.path("pipe"), 0o600)
        #expect(made == 0)
        try directory.setMode(mode, of: "pipe")
        #expect(throws: FileFailure.tooOpen(path: directory.path("pipe"), mode: UInt32(mode))) {
            try read("pipe", mode: .private)
        }
    }

    @Test func `the group may read a secret of root's that is given to another user, and nothing else`() {
        let (me, other): (uid_t, uid_t) = (1000, 1001)
        let table: [(owner: uid_t, mode: mode_t, user: uid_t, isAccepted: Bool)] = [
            (me, 0o600, me, true), (me, 0o400, me, true), (me, 0o440, me, false), (me, 0o604, me, false),
            (0, 0o440, me, true), (0, 0o640, me, true), (0, 0o660, me, false), (0, 0o644, me, false),
            (0, 0o600, 0, true), (0, 0o640, 0, false), (other, 0o600, me, false), (other, 0o600, 0, false),
        ]
        for row in table {
            var status = stat()
            (status.st_uid, status.st_mode) = (row.owner, row.mode)
            let isReadByRoot =
                (try? status.checkPrivate("key", givenByRoot: true, readByRoot: true, user: row.user)) != nil
            #expect(isReadByRoot == (row.isAccepted || row.user == 0 && row.mode == 0o600), "\(row)")
            let isAccepted = (try? status.checkPrivate("key", givenByRoot: true, user: row.user)) != nil
            #expect(isAccepted == row.isAccepted, "\(row)")
            if row.owner != row.user {
                #expect(throws: FileFailure.wrongOwner(path: "key", owner: row.owner, expected: row.user)) {
                    try status.checkPrivate("key", user: row.user)
                }
            }
        }
    }
}
