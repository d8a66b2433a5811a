import DurableFiles
import Foundation
import HostSystem
import TestValues
import Testing

@Suite struct DirectoryTests {
    let parent: TemporaryFolder
    var path: String { parent.path("state") }

    init() throws { parent = try TemporaryFolder() }

    @Test func `a missing directory is made private, an existing one is left as it is`() throws {
        try PrivateDirectory.prepare(path)
        #expect(try parent.mode("state") == 0o700)
        try AtomicFile.write([1], to: path + "/file")
        try PrivateDirectory.prepare(path)
        #expect(try AtomicFile.read(path + "/file", limit: 10) == [1])
    }

    @Test func `parents are not made`() {
        #expect(throws: FileFailure.system(path: path + "/below", operation: .create, errno: ENOENT)) {
            try PrivateDirectory.prepare(path + "/below")
        }
    }

    @Test(arguments: ["state", "state/", "state//", "above/elsewhere"])
    func `an operator may name a directory by a symbolic link, or below one`(name: String) throws {
        try PrivateDirectory.prepare(parent.path("elsewhere"))
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "elsewhere")
        try FileManager.default.createSymbolicLink(atPath: parent.path("above"), withDestinationPath: ".")
        let resolved = try PrivateDirectory.prepare(parent.path(name))
        #expect(resolved.hasSuffix(parent.path("elsewhere")))
        let lock = try DirectoryLock(directory: parent.path(name))
        #expect(throws: FileFailure.locked(path: resolved + "/lock", holder: getpid())) {
            try DirectoryLock(directory: resolved)
        }
        withExtendedLifetime(lock) {}
    }

    @Test func `F26 a symbolic link leads to a directory as private as any other, or to none`() throws {
        let elsewhere = parent.path("elsewhere")
        try PrivateDirectory.prepare(elsewhere)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: elsewhere)
        try parent.setMode(0o750, of: "elsewhere")
        let tooOpen = { (path: String) in FileFailure.tooOpen(path: path, mode: 0o750) }
        #expect(throws: tooOpen(elsewhere)) { try PrivateDirectory.prepare(path) }
        #expect(throws: tooOpen(path)) { try DirectoryLock(directory: path) }
        try FileManager.default.removeItem(atPath: elsewhere)
        #expect(throws: FileFailure.system(path: path, operation: .inspect, errno: ENOENT)) {
            try PrivateDirectory.prepare(path)
        }
        try parent.write([1], to: "elsewhere")
        #expect(throws: FileFailure.self) { try PrivateDirectory.prepare(path) }
    }

    @Test(arguments: [0o750, 0o705, 0o701, 0o710, 0o777])
    func `F26 a directory that others can enter is refused and not corrected`(mode: Int) throws {
        try PrivateDirectory.prepare(path)
        try parent.setMode(mode, of: "state")
        #expect(throws: FileFailure.tooOpen(path: path, mode: UInt32(mode))) { try PrivateDirectory.prepare(path) }
        #expect(try parent.mode("state") == mode)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a directory away"))
    func `F26 a directory of someone else is refused, by root too`() throws {
        try PrivateDirectory.prepare(path)
        let given = unsafe chown(path, 65_534, 65_534)
        #expect(given == 0)
        #expect(throws: FileFailure.wrongOwner(path: path, owner: 65_534, expected: 0)) {
            try PrivateDirectory.check(path)
        }
    }

    @Test func `a file in its place is refused`() throws {
        try parent.write([1], to: "state")
        #expect(throws: FileFailure.notADirectory(path: path)) { try PrivateDirectory.prepare(path) }
    }

    @Test func `a second lock is refused until the first is gone`() throws {
        try PrivateDirectory.prepare(path)
        var lock: DirectoryLock? = try DirectoryLock(directory: path)
        #expect(throws: FileFailure.locked(path: path + "/lock", holder: getpid())) {
            try DirectoryLock(directory: path)
        }
        withExtendedLifetime(lock) {}
        lock = nil
        #expect(throws: Never.self) { try DirectoryLock(directory: path) }
    }

    @Test func `another process is named as the holder, and its death frees the lock`() async throws {
        try PrivateDirectory.prepare(path)
        let other = try CrashWriterProcess("lock", path)
        #expect(try await other.nextLine() == "locked")
        #expect(throws: FileFailure.locked(path: path + "/lock", holder: other.id)) {
            try DirectoryLock(directory: path)
        }
        other.kill()
        #expect(try await other.finish().ending == .killed(signal: SIGKILL))
        #expect(throws: Never.self) { try DirectoryLock(directory: path) }
    }

    @Test func `a lock file without a readable id still locks`() throws {
        try PrivateDirectory.prepare(path)
        let lock = try DirectoryLock(directory: path)
        let handle = try FileHandle(forWritingTo: URL(filePath: path + "/lock"))
        try handle.truncate(atOffset: 0)
        try handle.close()
        #expect(throws: FileFailure.locked(path: path + "/lock", holder: nil)) { try DirectoryLock(directory: path) }
        withExtendedLifetime(lock) {}
    }

    @Test func `a symbolic link in the lock file's place is not followed`() throws {
        try PrivateDirectory.prepare(path)
        try parent.write([7], to: "victim")
        try FileManager.default.createSymbolicLink(
            atPath: path + "/lock", withDestinationPath: parent.path("victim"))
        #expect(throws: FileFailure.self) { try DirectoryLock(directory: path) }
        #expect(try parent.read("victim") == [7])
    }

    @Test func `the lock's holder clears what a killed process left, and nothing else`() throws {
        try PrivateDirectory.prepare(path)
        for name in [".state.tmp-0011223344556677", ".keep", "state", "leaf.tmp-1"] {
            try parent.write([1], to: "state/" + name)
        }
        let lock = try DirectoryLock(directory: path)
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        #expect(names == [".keep", "leaf.tmp-1", "lock", "state"])
        withExtendedLifetime(lock) {}
    }
}
