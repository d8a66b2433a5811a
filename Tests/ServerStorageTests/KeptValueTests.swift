import Certificates
import Foundation
import ServerCore
import Testing
import Vocabulary

@testable import ServerStorage

/// What is kept in memory is never older than the transaction that asks for it.
struct KeptValueTests {
    private static func group(_ number: Int) -> GroupRecord {
        GroupRecord(name: "g", createdAt: Timestamp(milliseconds: Int64(number)), configuration: nil)
    }

    @Test func `two processes see each other's commits at once, thousands of times`() async throws {
        try await DatabaseFile.open { file in
            let other = try ServerDatabase(path: file.path)
            var number = 0
            for round in 0..<1500 {
                number += 1
                let (writer, reader) = round % 2 == 0 ? (file.database, other) : (other, file.database)
                let saved = Self.group(number)
                try await writer.write { try $0.groups.save(saved, key: "g") }
                #expect(try await reader.read { try $0.groups.find("g") } == saved)
                #expect(try await reader.write { try $0.groups.find("g") } == saved)
                #expect(try await writer.read { try $0.groups.all() } == [saved])
            }
            try other.close()
        }
    }

    /// Each counts up what it reads: a value that is too old is counted twice, and the sum is too small.
    @Test func `writers at once in two processes lose nothing that they decide from memory`() async throws {
        try await DatabaseFile.open { file in
            let other = try ServerDatabase(path: file.path)
            try await file.database.write { try $0.groups.save(Self.group(0), key: "g") }
            let (callers, times) = (8, 60)
            try await withThrowingTaskGroup { group in
                for caller in 0..<callers {
                    let database = caller % 2 == 0 ? file.database : other
                    group.addTask {
                        for turn in 0..<times {
                            try await Self.countUp(in: database, thenFails: false)
                            if turn % 5 == 0 { try? await Self.countUp(in: database, thenFails: true) }
                            let found = try await database.read { tables in
                                (
                                    try tables.groups.find("g"),
                                    try tables.database.row("SELECT createdAt FROM groups")?.integer(0)
                                )
                            }
                            #expect(found.0?.createdAt.milliseconds == found.1)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let sum = try await other.read { try $0.groups.find("g")?.createdAt.milliseconds }
            #expect(sum == Int64(callers * times))
            try other.close()
        }
    }

    private struct Refused: Error {}

    private static func countUp(in database: ServerDatabase, thenFails: Bool) async throws {
        try await database.write { tables in
            let number = try tables.groups.find("g")?.createdAt.milliseconds ?? 0
            try tables.groups.save(group(Int(number) + 1), key: "g")
            #expect(try tables.groups.find("g")?.createdAt.milliseconds == number + 1)
            if thenFails { throw Refused() }
        }
    }

    @Test(arguments: ChangeTopic.allCases)
    func `every change of a kept table gives it another stamp`(topic: ChangeTopic) async throws {
        try await DatabaseFile.open { file in
            let sample = Sample.shared
            let (peer, now, pem) = (try sample.peer(), sample.now, sample.authority.pem)
            let key = sample.authority.fingerprint.description
            let save: @Sendable (StorageTransaction) throws -> Void = { tables in
                switch topic {
                case .peers: try tables.peers.save(peer)
                case .groups: try tables.groups.save(Self.group(1), key: "k")
                case .configurations:
                    let hash = [UInt8](repeating: 1, count: 32)
                    try tables.configurations.save(
                        ConfigurationRecord(
                            name: "k", contentType: "", body: .init(), hash: .init(hash), updatedAt: now), key: "k")
                case .signingKeys:
                    try tables.signingKeys.save(
                        SigningKeyRecord(certificatePEM: pem, sealedKey: .init(), state: "draft", since: now), key: key)
                case .ownCertificates:
                    try tables.ownCertificates.save(
                        OwnCertificateRecord(
                            certificatePEM: pem, issuerPEM: pem, sealedKey: .init(), createdAt: now),
                        key: "k")
                }
            }
            let delete: @Sendable (StorageTransaction) throws -> Void = { tables in
                try tables.database.run("DELETE FROM \(topic.rawValue)")
            }
            let made = Kept<Int>(topic)
            var counts: [Int] = []
            for change in [save, save, delete] {
                try await file.database.write(change)
                for _ in 0..<2 {
                    let count = try await file.database.read { tables in
                        try made.value(in: tables) { tables in
                            try tables.database.row("SELECT count(*) FROM \(topic.rawValue)").map { Int($0.integer(0)) }
                                ?? -1
                        }
                    }
                    counts.append(count)
                }
            }
            #expect(counts == [1, 1, 1, 1, 0, 0])
        }
    }
}
