import Foundation
import Vocabulary

/// A stored form that is the value itself.
protocol PlainRecord: StoredForm where Value == Self {}

extension PlainRecord {
    init(_ value: Self) { self = value }
    func value() -> Self { self }
}

/// A group of agents.
struct GroupRecord: PlainRecord, Hashable, Sendable {
    var name: String
    var createdAt: Timestamp
    /// What its agents share; absent, each has its own.
    var configuration: String?
}

/// A named configuration; its hash is what an agent reports to have applied.
struct ConfigurationRecord: PlainRecord, Hashable, Sendable {
    var name: String
    var contentType: String
    var body: Data
    /// SHA-256 over content type and body.
    var hash: Data
    var updatedAt: Timestamp
}

/// A CA key: the certificate in the open, the key sealed.
struct SigningKeyRecord: PlainRecord, Sendable {
    var certificatePEM: String
    var sealedKey: Data
    /// Spelled as `SigningKey.State`.
    var state: String
    var since: Timestamp
}

/// A certificate of this server with its sealed key: for federation, and for the listener.
struct OwnCertificateRecord: PlainRecord, Sendable {
    var certificatePEM: String
    /// The CA certificate that signed it.
    var issuerPEM: String
    var sealedKey: Data
    var createdAt: Timestamp
    /// Of the federation certificates: the one that outbound calls present.
    var inUse: Bool
}

/// One fact about this server: its `peerId`, its name, the version of its trust bundle.
struct FactRecord: PlainRecord, Sendable {
    var text: String
}
