import Certificates
import ServerCore
import ServerStorage
import Vocabulary

extension Authority {
    /// Makes a CA key and publishes it, so that peers and agents know it before anything is signed with it.
    func draft(
        name: String, in database: ServerDatabase, by context: AuditContext, at now: Timestamp
    ) async throws -> SigningKey {
        let key = try PrivateKey.generateP256()
        let certificate = try Issuer.selfSigned(
            subject: "\(name) CA", key: key, serial: RandomBytes.generate(16),
            validity: Self.validity(Self.authorityLifetime, from: now))
        let sealed = try sealing.seal(key.pem, for: .signingKey)
        let keys = signingKeys.drafting(certificate, at: now)
        let draft = SigningKey(certificate: certificate, state: .draft, since: now)
        try await database.write { tables in
            try tables.signingKeys.save(draft, sealedKey: sealed)
            try tables.audit.append(
                AuditFact(
                    .signingKeyDrafted, entityType: "signing-key", entityID: certificate.fingerprint.description),
                context: context, at: now)
        }
        adopt(keys, newKey: key, for: certificate)
        return draft
    }

    /// Signs with the draft from now on; the key before it stays trusted for its period.
    func activate(
        _ fingerprint: Fingerprint, in database: ServerDatabase, by context: AuditContext, at now: Timestamp
    ) async throws {
        let before = signingKeys.active?.certificate.fingerprint.description
        try await save(try signingKeys.activating(fingerprint, at: now), in: database) {
            (
                AuditFact(
                    .signingKeyActivated, entityType: "signing-key", entityID: fingerprint.description, before: before),
                context, now
            )
        }
    }

    /// Nothing that the key signed holds any longer.
    func retire(
        _ fingerprint: Fingerprint, in database: ServerDatabase, by context: AuditContext, at now: Timestamp
    ) async throws {
        let leaves = try await database.read { tables in
            try tables.agents.all().filter { $0.presence.isHere && !$0.leafRevoked }.compactMap(\.leaf)
        }
        try await save(try signingKeys.retiring(fingerprint, leaves: leaves, at: now), in: database) {
            (AuditFact(.signingKeyRetired, entityType: "signing-key", entityID: fingerprint.description), context, now)
        }
    }

    private func save(
        _ keys: SigningKeys, in database: ServerDatabase,
        _ entry: @escaping @Sendable () -> (AuditFact, AuditContext, Timestamp)
    ) async throws {
        try await database.write { tables in
            for life in keys.keys {
                let key = life.certificate.fingerprint.description
                guard let stored = try tables.signingKeys.find(key) else {
                    throw StorageFailure.unreadable(table: "signingKeys", key: key)
                }
                try tables.signingKeys.save(life, sealedKey: Array(stored.sealedKey))
            }
            let (fact, context, now) = entry()
            try tables.audit.append(fact, context: context, at: now)
        }
        adopt(keys)
    }
}
