import Foundation
import ServerCore
import Vocabulary

/// A bootstrap token as it is stored: by its digest.
struct StoredBootstrapToken: StoredForm {
    var digest: String
    var group: String?
    var createdBy: String
    var createdAt: Timestamp
    var expiresAt: Timestamp
    var usedAt: Timestamp?
    var usedBy: AgentID?

    init(_ token: BootstrapToken) {
        digest = Hex.encode(token.digest)
        group = token.group
        createdBy = token.createdBy
        createdAt = token.createdAt
        expiresAt = token.expiresAt
        usedAt = token.usedAt
        usedBy = token.usedBy
    }

    func value() throws -> BootstrapToken {
        guard let digest = Hex.decode(digest) else {
            throw StorageFailure.unreadable(table: "bootstrapTokens", key: digest)
        }
        return BootstrapToken(
            digest: digest, group: group, createdBy: createdBy, createdAt: createdAt, expiresAt: expiresAt,
            usedAt: usedAt, usedBy: usedBy)
    }
}

extension RecordTable<StoredBootstrapToken> {
    func find(digest: [UInt8]) throws -> BootstrapToken? { try find(Hex.encode(digest)) }
    func save(_ token: BootstrapToken) throws { try save(token, key: Hex.encode(token.digest)) }
}

/// A token of the operator interface as it is stored: by its digest.
struct StoredOperatorToken: StoredForm {
    var name: String
    var role: Role
    var digest: String
    var createdAt: Timestamp
    var expiresAt: Timestamp?

    init(_ token: OperatorToken) {
        name = token.name
        role = token.role
        digest = Hex.encode(token.digest)
        createdAt = token.createdAt
        expiresAt = token.expiresAt
    }

    func value() throws -> OperatorToken {
        guard let bytes = Hex.decode(digest) else {
            throw StorageFailure.unreadable(table: "operatorTokens", key: digest)
        }
        return OperatorToken(name: name, role: role, digest: bytes, createdAt: createdAt, expiresAt: expiresAt)
    }
}

extension RecordTable<StoredOperatorToken> {
    func save(_ token: OperatorToken) throws { try save(token, key: Hex.encode(token.digest)) }
}
