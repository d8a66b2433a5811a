import Certificates
import HandoverToken
package import ServerCore
package import Vocabulary

/// A peer in its columns; secrets are digests or sealed before they come here.
package enum StoredPeer: StoredForm {
    package static let layout = TableLayout(
        "peers",
        [
            "name", "endpoint", "opampEndpoint", "pin", "previousPin", "previousPinUntil", "serverCAs", "agentCAs",
            "tokenSigners", "trustVersion", "inboundDigest", "previousInboundDigest", "previousInboundUntil",
            "outboundSealed", "outboundDigest", "enabled", "lastContact", "lastError", "acceptedCertificate",
        ])

    package static func columns(of peer: PeerRecord) -> [ColumnValue] {
        [
            .text(peer.name), .text(peer.endpoint.description), .text(peer.opampEndpoint?.description),
            .bytes(peer.pin.current.der), .bytes(peer.pin.previous?.der), .time(peer.pin.previousUntil),
            .text(peer.trust.serverCAs.pem), .text(peer.trust.agentCAs.pem), .text(peer.trust.tokenSigners.pem),
            .integer(peer.trust.version), .bytes(peer.inbound?.digest), .bytes(peer.inbound?.previousDigest),
            .time(peer.inbound?.previousUntil), .bytes(peer.outbound?.sealed), .bytes(peer.outbound?.digest),
            .flag(peer.enabled), .time(peer.lastContact), .text(peer.lastError),
            .text(peer.acceptedCertificate),
        ]
    }

    package static func record(_ row: StoredRow) throws -> PeerRecord {
        PeerRecord(
            name: row.text(0), endpoint: try Endpoint(row.text(1)), id: try row.key(),
            pin: PeerPin(
                try Certificate(der: row.bytes(3)), previous: try row.optionalBytes(4).map { try Certificate(der: $0) },
                previousUntil: row.optionalTime(5)),
            trust: PeerTrust(
                serverCAs: try ServerCAs(pem: row.text(6)), agentCAs: try AgentCAs(pem: row.text(7)),
                tokenSigners: try TokenSigners(pem: row.text(8)), version: row.integer(9)),
            opampEndpoint: try row.optionalText(2).map { try Endpoint($0) },
            inbound: row.optionalBytes(10).map {
                InboundSecret(
                    digest: $0, previousDigest: row.optionalBytes(11), previousUntil: row.optionalTime(12))
            },
            outbound: row.optionalBytes(13).flatMap { sealed in
                row.optionalBytes(14).map { OutboundSecret(sealed: sealed, digest: $0) }
            },
            enabled: row.flag(15), lastContact: row.optionalTime(16), lastError: row.optionalText(17),
            acceptedCertificate: try row.optionalValue(18))
    }

    package static func kept(in memory: StorageMemory) -> Kept<KeptTable<PeerRecord>>? { memory.peers }
}

extension RecordTable<StoredPeer> {
    package func find(_ id: PeerID) throws -> PeerRecord? { try find(id.description) }
    package func find(name: String) throws -> PeerRecord? { try all().first { $0.name == name } }
    package func save(_ peer: PeerRecord) throws { try save(peer, key: peer.id.description) }

    /// When peers were heard last, and what was wrong then; the rest of their rows stays as it is.
    package func save(contacts: [PeerID: PeerContact]) throws {
        for (peer, contact) in contacts {
            try database.run(
                """
                UPDATE peers SET lastContact = coalesce(?, lastContact), lastError = ?,
                    acceptedCertificate = coalesce(?, acceptedCertificate) WHERE key = ?
                """,
                [.time(contact.at), .text(contact.error), .text(contact.accepted), .text(peer)])
        }
    }
}

/// The last that was heard of a peer.
package struct PeerContact: Hashable, Sendable {
    /// `nil` when it did not answer: then the time before stays.
    package var at: Timestamp?
    package var error: String?
    /// Which of our certificates the peer accepted; `nil` when that is not known.
    package var accepted: Fingerprint?

    package init(at: Timestamp? = nil, error: String? = nil, accepted: Fingerprint? = nil) {
        self.at = at
        self.error = error
        self.accepted = accepted
    }
}
