package import ServerCore
import Vocabulary

/// A bootstrap token in its columns, by its digest.
package enum StoredBootstrapToken: StoredForm {
    package static let layout = TableLayout(
        "bootstrapTokens", ["group", "createdBy", "createdAt", "expiresAt", "usedAt", "usedBy"])

    package static func columns(of token: BootstrapToken) -> [ColumnValue] {
        [
            .text(token.group), .text(token.createdBy), .time(token.createdAt), .time(token.expiresAt),
            .time(token.usedAt), .text(token.usedBy),
        ]
    }

    package static func record(_ row: StoredRow) throws -> BootstrapToken {
        BootstrapToken(
            digest: try row.digest(), group: row.optionalText(0), createdBy: row.text(1), createdAt: row.time(2),
            expiresAt: row.time(3), usedAt: row.optionalTime(4), usedBy: try row.optionalValue(5))
    }
}

extension RecordTable<StoredBootstrapToken> {
    package func find(digest: [UInt8]) throws -> BootstrapToken? { try find(Hex.encode(digest)) }
    package func save(_ token: BootstrapToken) throws { try save(token, key: Hex.encode(token.digest)) }
}

/// A token of the operator interface in its columns, by its digest.
package enum StoredOperatorToken: StoredForm {
    package static let layout = TableLayout("operatorTokens", ["name", "role", "createdAt", "expiresAt"])

    package static func columns(of token: OperatorToken) -> [ColumnValue] {
        [.text(token.name), .text(token.role.rawValue), .time(token.createdAt), .time(token.expiresAt)]
    }

    package static func record(_ row: StoredRow) throws -> OperatorToken {
        OperatorToken(
            name: row.text(0), role: try row.word(1), digest: try row.digest(), createdAt: row.time(2),
            expiresAt: row.optionalTime(3))
    }
}

extension RecordTable<StoredOperatorToken> {
    package func save(_ token: OperatorToken) throws { try save(token, key: Hex.encode(token.digest)) }
}

extension StoredRow {
    fileprivate func digest() throws -> [UInt8] {
        guard let digest = Hex.decode(try key() as String) else { throw Unreadable() }
        return digest
    }
}
