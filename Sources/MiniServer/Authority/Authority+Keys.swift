import Certificates
import Foundation
import ServerCore
import ServerStorage
import Vocabulary

/// What a change of the CA keys makes of them, and what the audit trail says of it.
struct SigningKeyChange: Sendable {
    var keys: SigningKeys
    var fact: AuditFact
}

extension Authority {
    /// Makes a CA key and publishes it, so that peers and agents know it before anything is signed with it.
    ///
    /// - Parameter others: how many further CAs this server publishes.
    func draft(
        name: String, besides others: Int = 0, in database: ServerDatabase, by context: AuditContext, at now: Timestamp
    ) async throws -> SigningKey {
        let key = try PrivateKey.generateP256()
        let certificate = try Issuer.selfSigned(
            subject: "\(name) CA", key: key, serial: RandomBytes.generate(16),
            validity: Self.validity(Self.authorityLifetime, from: now))
        let sealed = try sealing.seal(key.pem, for: .signingKey)
        try await change(in: database, by: context, at: now, adding: (certificate, sealed)) { keys, _ in
            SigningKeyChange(
                keys: try keys.drafting(certificate, besides: others, at: now),
                fact: AuditFact(
                    .signingKeyDrafted, entityType: "signing-key", entityID: certificate.fingerprint.description))
        }
        return SigningKey(certificate: certificate, state: .draft, since: now)
    }

    /// Gives a draft up.
    func discard(
        _ fingerprint: Fingerprint, in database: ServerDatabase, by context: AuditContext, at now: Timestamp
    ) async throws {
        try await change(in: database, by: context, at: now) { keys, _ in
            SigningKeyChange(
                keys: try keys.discarding(fingerprint, at: now),
                fact: AuditFact(.signingKeyDiscarded, entityType: "signing-key", entityID: fingerprint.description))
        }
    }

    /// Signs with the draft from now on; the key before it stays trusted for its period.
    func activate(
        _ fingerprint: Fingerprint, in database: ServerDatabase, by context: AuditContext, at now: Timestamp
    ) async throws {
        try await change(in: database, by: context, at: now) { keys, _ in
            SigningKeyChange(
                keys: try keys.activating(fingerprint, at: now),
                fact: AuditFact(
                    .signingKeyActivated, entityType: "signing-key", entityID: fingerprint.description,
                    before: keys.active?.certificate.fingerprint.description))
        }
    }

    /// Nothing that the key signed holds any longer.
    ///
    /// - Parameter dependents: counts the connected agents that know none of the CAs which stay.
    func retire(
        _ fingerprint: Fingerprint, in database: ServerDatabase, by context: AuditContext, at now: Timestamp,
        dependents: @escaping @Sendable ([Certificate], StorageTransaction) throws -> Int = { _, _ in 0 }
    ) async throws {
        try await change(in: database, by: context, at: now) { keys, tables in
            let leaves = try tables.agents.all().filter { $0.presence.isHere && !$0.leafRevoked }.compactMap(\.leaf)
            let count = try dependents(keys.published(without: fingerprint), tables)
            return SigningKeyChange(
                keys: try keys.retiring(fingerprint, leaves: leaves, dependents: count, at: now),
                fact: AuditFact(.signingKeyRetired, entityType: "signing-key", entityID: fingerprint.description))
        }
    }

    /// Reads, decides and saves in one transaction, and shows what was read and saved there. Whatever other writers do at
    /// the same time stands in it, or comes after it.
    private func change(
        in database: ServerDatabase, by context: AuditContext, at now: Timestamp,
        adding new: (certificate: Certificate, sealed: [UInt8])? = nil,
        _ decide: @escaping @Sendable (SigningKeys, StorageTransaction) throws -> SigningKeyChange
    ) async throws {
        let (turn, ring) = try await database.write { tables in
            let records = try tables.signingKeys.all()
            var sealed = Dictionary(
                try records.map { (try Certificate(pem: $0.certificatePEM).fingerprint, Array($0.sealedKey)) },
                uniquingKeysWith: { first, _ in first })
            if let new { sealed[new.certificate.fingerprint] = new.sealed }
            let before = try Self.keyRing(records, sealing: self.sealing).keys
            let change = try decide(before, tables)
            for key in change.keys.keys where !before.keys.contains(key) {
                guard let sealedKey = sealed[key.certificate.fingerprint] else {
                    throw StorageFailure.unreadable(
                        table: "signingKeys", key: key.certificate.fingerprint.description)
                }
                try tables.signingKeys.save(key, sealedKey: sealedKey)
            }
            try tables.audit.append(change.fact, context: context, at: now)
            return (self.nextTurn(), try Self.keyRing(try tables.signingKeys.all(), sealing: self.sealing))
        }
        adopt(ring, of: turn)
    }
}
