import Certificates
import Foundation
import ServerCore
import ServerStorage
import Vocabulary

extension Authority {
    /// Reads this server's authority from its database, or founds it at the first start: identity and CA key, straight
    /// to Active, in one transaction.
    static func open(
        in database: ServerDatabase, sealing: SealingKey, name: String, at now: Timestamp
    ) async throws -> Authority {
        let newKey = try PrivateKey.generateP256()
        let newCertificate = try Issuer.selfSigned(
            subject: "\(name) CA", key: newKey, serial: RandomBytes.generate(16),
            validity: validity(authorityLifetime, from: now))
        let newID = Hex.encode(RandomBytes.generate(16))
        let sealedNewKey = try sealing.seal(newKey.pem, for: .signingKey)

        let (identity, records) = try await database.write { tables in
            if try tables.facts.find(FactRecord.peerID) == nil {
                try tables.facts.save(FactRecord(text: newID), key: FactRecord.peerID)
                let founder = SigningKey(certificate: newCertificate, state: .active, since: now)
                try tables.signingKeys.save(founder, sealedKey: sealedNewKey)
                try tables.audit.append(
                    AuditFact(
                        .signingKeyActivated, entityType: "signing-key",
                        entityID: newCertificate.fingerprint.description, after: SigningKeyState.active.rawValue),
                    context: .server, at: now)
            }
            return (try tables.facts.find(FactRecord.peerID)?.text, try tables.signingKeys.all())
        }
        guard let peerID = identity.flatMap({ PeerID($0) }) else {
            throw StorageFailure.unreadable(table: "facts", key: FactRecord.peerID)
        }
        let ring = try keyRing(records, sealing: sealing)
        // With no key that is valid, nobody could verify what this server shows or signs.
        if let active = ring.keys.active?.certificate, now < active.notBefore,
            ring.keys.longestKnown(at: now, until: now) == nil
        {
            throw AuthorityFailure.activeKeyNotYetValid(from: active.notBefore)
        }
        return Authority(peerID: peerID, sealing: sealing, keyRing: ring)
    }

    static func keyRing(_ records: [SigningKeyRecord], sealing: SealingKey) throws -> KeyRing {
        var ring = KeyRing(keys: SigningKeys([]), privateKeys: [:])
        var keys: [SigningKey] = []
        for record in records {
            let certificate = try Certificate(pem: record.certificatePEM)
            guard let state = SigningKeyState(rawValue: record.state) else {
                throw StorageFailure.unreadable(table: "signingKeys", key: certificate.fingerprint.description)
            }
            keys.append(SigningKey(certificate: certificate, state: state, since: record.since))
            let pem = try sealing.open(record.sealedKey, for: .signingKey)
            ring.privateKeys[certificate.fingerprint] = try PrivateKey(pem: pem)
        }
        ring.keys = SigningKeys(keys.sorted { $0.since < $1.since })
        return ring
    }
}

extension RecordTable<SigningKeyRecord> {
    func save(_ key: SigningKey, sealedKey: [UInt8]) throws {
        let record = SigningKeyRecord(
            certificatePEM: key.certificate.pem, sealedKey: Data(sealedKey), state: key.state.rawValue,
            since: key.since)
        try save(record, key: key.certificate.fingerprint.description)
    }
}

extension FactRecord {
    static let peerID = "peerId"
}

extension AuditContext {
    /// What the server does by itself.
    static let server = AuditContext(actor: "server", role: "server")
}
