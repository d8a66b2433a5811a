import DurableFiles
import Foundation
import HostSystem
import TestValues
import Testing

@Suite struct StateFileTests {
    let directory: TemporaryFolder
    let file: StateFile

    init() throws {
        directory = try TemporaryFolder()
        file = StateFile(path: directory.path("connection"), limit: 1000)
    }

    private func loaded(_ payload: [UInt8], _ generation: UInt64, recovered: Bool = false) throws {
        let loaded = try #require(try file.load())
        #expect(loaded.payload == payload)
        #expect(loaded.generation == generation)
        #expect(loaded.recoveredFromPrevious == recovered)
    }

    @Test func `nothing saved is nothing loaded`() throws {
        #expect(try file.load() == nil)
    }

    @Test func `each save is a generation, and the one before is kept`() throws {
        try file.save([1])
        try loaded([1], 1)
        #expect(try directory.names() == ["connection"])
        try file.save([])
        try loaded([], 2)
        try file.save([3])
        try loaded([3], 3)
        #expect(try directory.names() == ["connection", "connection.previous"])
        try FileManager.default.removeItem(atPath: file.path)
        try loaded([], 2, recovered: true)
        #expect(try directory.mode("connection.previous") == 0o600)
    }

    @Test func `F25 damage at any byte or any cut falls back to the previous generation`() throws {
        try file.save([1, 1])
        try file.save([2, 2, 2])
        let bytes = try directory.read("connection")
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x80
            try directory.write(changed, to: "connection")
            try loaded([1, 1], 1, recovered: true)
            try directory.write(Array(bytes.prefix(index)), to: "connection")
            try loaded([1, 1], 1, recovered: true)
        }
        try directory.write(bytes + [0], to: "connection")
        try loaded([1, 1], 1, recovered: true)
        try directory.write([UInt8](repeating: 0, count: 2000), to: "connection")
        try loaded([1, 1], 1, recovered: true)
        try directory.write(bytes, to: "connection")
        try loaded([2, 2, 2], 2)
    }

    @Test func `a save after damage goes on from the good generation and does not lose it`() throws {
        try file.save([1])
        try file.save([2])
        try directory.write([0], to: "connection")
        try file.save([3])
        try loaded([3], 3)
        try directory.write([0], to: "connection")
        try loaded([1], 1, recovered: true)
    }

    @Test func `damage to both generations has a failure of its own`() throws {
        try file.save([1])
        try directory.write([0], to: "connection")
        #expect(throws: FileFailure.corrupt(path: file.path)) { try file.load() }
        try directory.write([0], to: "connection.previous")
        #expect(throws: FileFailure.corrupt(path: file.path)) { try file.load() }
        try FileManager.default.removeItem(atPath: file.path)
        #expect(throws: FileFailure.corrupt(path: file.path)) { try file.load() }
    }

    @Test func `F25 a newer format is neither read, passed over nor overwritten`() async throws {
        try file.save([1])
        try file.save([2])
        // Version 2 under a correct digest, made by hand from what version 1 wrote.
        var bytes = try directory.read("connection")
        bytes[11] = 2
        bytes.replaceSubrange(24..<56, with: try await sha256(bytes[..<24] + bytes[56...]))
        try directory.write(bytes, to: "connection")
        #expect(throws: FileFailure.newerFormat(path: file.path, version: 2)) { try file.load() }
        #expect(throws: FileFailure.newerFormat(path: file.path, version: 2)) { try file.save([3]) }
        #expect(try directory.read("connection") == bytes)
    }

    @Test func `the head on disk is what the format says`() async throws {
        try file.save([0xAA])
        let bytes = try directory.read("connection")
        #expect(
            Array(bytes[..<24]) == Array("opampst\n".utf8) + [0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0, 1] + [0, 0, 0, 1])
        #expect(try await Array(bytes[24..<56]) == sha256(bytes[..<24] + [0xAA]))
        #expect(bytes[56...] == [0xAA])
    }

    @Test func `the limit holds to the last byte`() throws {
        let most = [UInt8](repeating: 5, count: 1000)
        try file.save(most)
        try loaded(most, 1)
        #expect(throws: FileFailure.tooLarge(path: file.path, limit: 1000)) { try file.save(most + [5]) }
        try loaded(most, 1)
    }

    /// The command's digest, so that ours is not its own judge.
    private func sha256(_ bytes: some Collection<UInt8>) async throws -> [UInt8] {
        try directory.write(Array(bytes), to: "digest-input")
        defer { try? FileManager.default.removeItem(atPath: directory.path("digest-input")) }
        let command = try ChildProcess("/usr/bin/sha256sum", [directory.path("digest-input")], output: .pipe)
        let digits = try await command.output.rest().prefix(64).map { $0 < 58 ? $0 - 48 : $0 - 87 }
        return stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
