package import Foundation
package import Vocabulary

/// A group of agents.
package struct GroupRecord: Hashable, Sendable {
    package var name: String
    package var createdAt: Timestamp
    /// What its agents share; absent, each has its own.
    package var configuration: String?

    package init(name: String, createdAt: Timestamp, configuration: String?) {
        self.name = name
        self.createdAt = createdAt
        self.configuration = configuration
    }
}

extension GroupRecord: StoredForm {
    package static let layout = TableLayout("groups", ["createdAt", "configuration"])

    package static func columns(of group: GroupRecord) -> [ColumnValue] {
        [.time(group.createdAt), .text(group.configuration)]
    }

    package static func record(_ row: StoredRow) throws -> GroupRecord {
        GroupRecord(name: try row.key(), createdAt: row.time(0), configuration: row.optionalText(1))
    }

    package static func kept(in memory: StorageMemory) -> Kept<KeptTable<GroupRecord>>? { memory.groups }
}

/// A named configuration; its hash is what an agent reports to have applied.
package struct ConfigurationRecord: Hashable, Sendable {
    package var name: String
    package var contentType: String
    package var body: Data
    /// SHA-256 over content type and body.
    package var hash: Data
    package var updatedAt: Timestamp

    package init(name: String, contentType: String, body: Data, hash: Data, updatedAt: Timestamp) {
        self.name = name
        self.contentType = contentType
        self.body = body
        self.hash = hash
        self.updatedAt = updatedAt
    }
}

extension ConfigurationRecord: StoredForm {
    package static let layout = TableLayout("configurations", ["contentType", "hash", "updatedAt", "body"])

    package static func columns(of record: ConfigurationRecord) -> [ColumnValue] {
        [
            .text(record.contentType), .bytes(Array(record.hash)), .time(record.updatedAt), .bytes(Array(record.body)),
        ]
    }

    package static func record(_ row: StoredRow) throws -> ConfigurationRecord {
        ConfigurationRecord(
            name: try row.key(), contentType: row.text(0), body: Data(row.bytes(3)), hash: Data(row.bytes(1)),
            updatedAt: row.time(2))
    }

    package static func kept(in memory: StorageMemory) -> Kept<KeptTable<ConfigurationRecord>>? {
        memory.configurations
    }
}

/// A CA key: the certificate in the open, the key sealed.
package struct SigningKeyRecord: Hashable, Sendable {
    package var certificatePEM: String
    package var sealedKey: Data
    /// Spelled as `SigningKeyState`.
    package var state: String
    package var since: Timestamp

    package init(certificatePEM: String, sealedKey: Data, state: String, since: Timestamp) {
        self.certificatePEM = certificatePEM
        self.sealedKey = sealedKey
        self.state = state
        self.since = since
    }
}

extension SigningKeyRecord: StoredForm {
    package static let layout = TableLayout("signingKeys", ["certificate", "sealedKey", "state", "since"])

    package static func columns(of key: SigningKeyRecord) -> [ColumnValue] {
        [.text(key.certificatePEM), .bytes(Array(key.sealedKey)), .text(key.state), .time(key.since)]
    }

    package static func record(_ row: StoredRow) throws -> SigningKeyRecord {
        SigningKeyRecord(
            certificatePEM: row.text(0), sealedKey: Data(row.bytes(1)), state: row.text(2), since: row.time(3))
    }

    package static func kept(in memory: StorageMemory) -> Kept<KeptTable<SigningKeyRecord>>? { memory.signingKeys }
}

/// A certificate of this server with its sealed key: for federation, and for the listener.
package struct OwnCertificateRecord: Hashable, Sendable {
    package var certificatePEM: String
    /// The CA certificate that signed it.
    package var issuerPEM: String
    package var sealedKey: Data
    package var createdAt: Timestamp

    package init(certificatePEM: String, issuerPEM: String, sealedKey: Data, createdAt: Timestamp) {
        self.certificatePEM = certificatePEM
        self.issuerPEM = issuerPEM
        self.sealedKey = sealedKey
        self.createdAt = createdAt
    }
}

extension OwnCertificateRecord: StoredForm {
    package static let layout = TableLayout(
        "ownCertificates", ["certificate", "issuer", "sealedKey", "createdAt"])

    package static func columns(of record: OwnCertificateRecord) -> [ColumnValue] {
        [
            .text(record.certificatePEM), .text(record.issuerPEM), .bytes(Array(record.sealedKey)),
            .time(record.createdAt),
        ]
    }

    package static func record(_ row: StoredRow) throws -> OwnCertificateRecord {
        OwnCertificateRecord(
            certificatePEM: row.text(0), issuerPEM: row.text(1), sealedKey: Data(row.bytes(2)),
            createdAt: row.time(3))
    }

    package static func kept(in memory: StorageMemory) -> Kept<KeptTable<OwnCertificateRecord>>? {
        memory.ownCertificates
    }
}

/// One fact about this server: its `peerId`, its name, the version of its trust bundle.
package struct FactRecord: Hashable, Sendable {
    package var text: String

    package init(text: String) { self.text = text }
}

extension FactRecord: StoredForm {
    package static let layout = TableLayout("facts", ["text"])
    package static func columns(of fact: FactRecord) -> [ColumnValue] { [.text(fact.text)] }
    package static func record(_ row: StoredRow) throws -> FactRecord { FactRecord(text: row.text(0)) }
}
