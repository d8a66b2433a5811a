import Certificates
import Foundation
import GRDB
import OpAMPProto
import ServerCore
import TestValues
import Testing
import Vocabulary

@testable import ServerStorage

struct FleetTableTests {
    private let sample = Sample.shared

    @Test func `a row is read as it was saved`() async throws {
        try await DatabaseFile.open { file in
            var rows = [sample.agent]
            for presence in [Presence.live, .stale, .offline, .arriving, .withdrawn] {
                var row = AgentRecord(
                    id: .init(repeating: UInt8(rows.count)), displayName: "", instanceUID: sample.agent.instanceUID,
                    leaf: nil)
                row.presence = presence
                rows.append(row)
            }
            let saved = rows
            try await file.database.write { tables in for row in saved { try tables.agents.save(row) } }
            for row in saved {
                #expect(try await file.database.read { try $0.agents.find(row.id) } == row)
            }
            let uid = sample.agent.instanceUID
            #expect(try await file.database.read { try $0.agents.agents(withInstanceUID: uid).count } == saved.count)
        }
    }

    @Test func `a row is found by its leaf, by the one it was issued and by the one before`() async throws {
        try await DatabaseFile.open { file in
            let (agent, leaves) = (sample.agent, sample.leaves)
            try await file.database.write { try $0.agents.save(agent) }
            for leaf in leaves[0...2] {
                #expect(try await file.database.read { try $0.agents.find(leaf.fingerprint)?.id } == agent.id)
            }
            #expect(try await file.database.read { try $0.agents.find(leaves[3].fingerprint) } == nil)
        }
    }

    @Test func `two rows do not have one leaf`() async throws {
        try await DatabaseFile.open { file in
            let agent = sample.agent
            try await file.database.write { try $0.agents.save(agent) }
            let other = AgentRecord(
                id: .init(repeating: 1), displayName: "", instanceUID: agent.instanceUID, leaf: agent.leaf)
            await #expect(throws: StorageFailure.self) { try await file.database.write { try $0.agents.save(other) } }
        }
    }

    @Test func `a leaf that no row has any more is not kept`() async throws {
        try await DatabaseFile.open { file in
            var agent = sample.agent
            agent.pendingLeaf = nil
            func kept(after row: AgentRecord) async throws -> Set<String> {
                try await file.database.write { try $0.agents.save(row) }
                return try await file.database.read { tables in
                    try String.fetchSet(tables.database, sql: "SELECT fingerprint FROM leaves")
                }
            }
            for leaf in sample.leaves.reversed() {
                let former = agent.leaf?.fingerprint.description
                agent.pendingLeaf = leaf
                let both = try await kept(after: agent)
                #expect(both == Set([former, leaf.fingerprint.description].compactMap { $0 }))
                (agent.leaf, agent.pendingLeaf) = (leaf, nil)
                let last = try await kept(after: agent)
                #expect(last == [leaf.fingerprint.description])
            }
        }
    }

    @Test func `a step of a handover neither reads nor writes what the agent reported`() async throws {
        try await DatabaseFile.open { file in
            let agent = sample.agent
            try await file.database.write { try $0.agents.save(agent) }
            try file.execute([
                "CREATE TRIGGER locked BEFORE UPDATE ON reports BEGIN SELECT RAISE(ABORT, 'no reports'); END",
                "UPDATE agents SET epoch = 8",
            ])
            try await file.database.write { tables in
                try tables.apply(.raiseEpoch(agent.id, to: 9))
                try tables.apply(.restore(agent.id))
            }
            var expected = agent
            (expected.epoch, expected.presence) = (9, .offline)
            let wanted = expected
            #expect(try await file.database.read { try $0.agents.find(agent.id) } == wanted)
            // A row with another report still writes it.
            await #expect(throws: StorageFailure.self) {
                try await file.database.write { tables in
                    var row = wanted
                    row.health = nil
                    try tables.agents.save(row)
                }
            }
        }
    }

    @Test func `the times of many are saved in one commit, and none goes back`() async throws {
        try await DatabaseFile.open { file in
            var agent = sample.agent
            agent.lastSeen = nil
            let (row, peer, now) = (agent, try sample.peer(), sample.now)
            try await file.database.write { tables in
                try tables.agents.save(row)
                try tables.peers.save(peer)
            }
            let before = file.database.commits
            try await file.database.write { tables in
                try tables.agents.save(lastSeen: [row.id: now, .init(repeating: 9): now])
                try tables.peers.save(contacts: [peer.id: PeerContact(error: "x")])
            }
            #expect(file.database.commits == before + 1)
            try await file.database.write { try $0.agents.save(lastSeen: [row.id: now - .seconds(5)]) }
            let (found, told) = try await file.database.read { tables in
                (try tables.agents.find(row.id), try tables.peers.find(peer.id))
            }
            #expect(found?.lastSeen == now)
            #expect(told?.lastContact == peer.lastContact && told?.lastError == "x")
            #expect(told?.acceptedCertificate == peer.acceptedCertificate)
            let accepted = sample.authority.fingerprint
            try await file.database.write {
                try $0.peers.save(contacts: [peer.id: PeerContact(at: now, accepted: accepted)])
            }
            let again = try await file.database.read { try $0.peers.find(peer.id) }
            #expect(again?.lastContact == now && again?.lastError == nil && again?.acceptedCertificate == accepted)
        }
    }

    @Test func `a group takes its bootstrap tokens' agents in no more, and its members keep it`() async throws {
        try await DatabaseFile.open { file in
            let now = sample.now
            let token = BootstrapToken(
                digest: [UInt8](repeating: 3, count: 32), group: "g", createdBy: "a", createdAt: now, expiresAt: now)
            var member = sample.agent
            member.group = "g"
            let row = member
            try await file.database.write { tables in
                try tables.groups.save(GroupRecord(name: "g", createdAt: now, configuration: nil), key: "g")
                try tables.bootstrapTokens.save(token)
                try tables.agents.save(row)
            }
            await #expect(throws: StorageFailure.self) { try await file.database.write { try $0.groups.delete("g") } }
            try await file.database.write { tables in
                var free = row
                free.group = nil
                try tables.agents.save(free)
                #expect(try tables.groups.delete("g"))
            }
            let found = try await file.database.read { try $0.bootstrapTokens.find(digest: token.digest) }
            #expect(found?.createdAt == now && found?.group == nil)
        }
    }

    @Test func `tokens, keys, certificates and peers are read as they were saved`() async throws {
        try await DatabaseFile.open { file in
            let (now, peer, pem) = (sample.now, try sample.peer(), sample.authority.pem)
            let key = sample.authority.fingerprint.description
            let digest = [UInt8](repeating: 5, count: 32)
            let used = BootstrapToken(
                digest: digest, group: nil, createdBy: "a", createdAt: now, expiresAt: now, usedAt: now,
                usedBy: sample.agent.id)
            let operatorToken = OperatorToken(name: "o", role: .viewer, digest: digest, createdAt: now, expiresAt: now)
            let signing = SigningKeyRecord(certificatePEM: pem, sealedKey: .init([1]), state: "draft", since: now)
            let own = OwnCertificateRecord(
                certificatePEM: pem, issuerPEM: pem, sealedKey: .init([2]), createdAt: now)
            try await file.database.write { tables in
                try tables.peers.save(peer)
                try tables.bootstrapTokens.save(used)
                try tables.operatorTokens.save(operatorToken)
                try tables.signingKeys.save(signing, key: key)
                try tables.ownCertificates.save(own, key: "listener")
            }
            #expect(try await file.database.read { try $0.peers.find(name: "us") } == peer)
            #expect(try await file.database.read { try $0.bootstrapTokens.find(digest: digest) } == used)
            #expect(try await file.database.read { try $0.operatorTokens.all() } == [operatorToken])
            #expect(try await file.database.read { try $0.signingKeys.find(key) } == signing)
            #expect(try await file.database.read { try $0.ownCertificates.find("listener") } == own)
        }
    }
}
