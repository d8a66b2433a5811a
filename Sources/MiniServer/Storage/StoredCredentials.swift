import Foundation
import PeerCore
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

/// Who may use the operator interface: a token of that kind, by its digest.
struct OperatorToken: StoredForm, Hashable, Sendable {
    /// The first 16 hex digits of the digest; names it in lists.
    var id: String { String(digest.prefix(16)) }
    /// SHA-256 over the text form, in hex.
    var digest: String
    /// Shown as the actor in the audit trail.
    var name: String
    var role: Role
    var createdAt: Timestamp
    var expiresAt: Timestamp?
    var lastUsedAt: Timestamp?

    init(
        digest: [UInt8], name: String, role: Role, createdAt: Timestamp, expiresAt: Timestamp? = nil
    ) {
        self.digest = Hex.encode(digest)
        self.name = name
        self.role = role
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    init(_ token: OperatorToken) { self = token }
    func value() -> OperatorToken { self }
}

extension RecordTable<OperatorToken> {
    func find(digest: [UInt8]) throws -> OperatorToken? { try find(Hex.encode(digest)) }
    func save(_ token: OperatorToken) throws { try save(token, key: token.digest) }
}
