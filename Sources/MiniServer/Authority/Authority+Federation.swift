import Certificates
import Foundation
import HandoverToken
import ServerCore
import ServerStorage
import Vocabulary

/// A federation certificate of this server with what opens its key.
struct FederationIdentity: Sendable {
    let certificate: Certificate
    let issuer: Certificate
    let sealedKey: [UInt8]
    let inUse: Bool

    /// What the other side pastes.
    var paste: String { certificate.pem + issuer.pem }
}

extension Authority {
    static let federationLifetime = Duration.seconds(90 * 86_400)

    /// Issues a federation certificate. Outbound calls present it from now on, and the one before it to a peer that
    /// does not accept this one yet.
    func issueFederation(
        subject: String, lifetime: Duration, in database: ServerDatabase, by context: AuditContext, at now: Timestamp
    ) async throws -> FederationIdentity {
        let issued = try issueFederation(subject: subject, lifetime: lifetime, at: now)
        let sealed = try sealing.seal(issued.key.pem, for: .federationKey)
        let issuer = try active().certificate
        let fingerprint = issued.certificate.fingerprint.description
        let record = OwnCertificateRecord(
            certificatePEM: issued.certificate.pem, issuerPEM: issuer.pem, sealedKey: Data(sealed), createdAt: now,
            inUse: true)
        try await database.write { tables in
            for other in try self.federationIdentities(tables) where other.inUse {
                let key = other.certificate.fingerprint.description
                guard var former = try tables.ownCertificates.find(key) else { continue }
                former.inUse = false
                try tables.ownCertificates.save(former, key: key)
            }
            try tables.ownCertificates.insert(record, key: fingerprint)
            try tables.audit.append(
                AuditFact(
                    .certificateIssued, entityType: "federation-certificate", entityID: fingerprint, after: subject,
                    additional: .members(["expires": .string(issued.certificate.notAfter.description)])),
                context: context, at: now)
        }
        return FederationIdentity(certificate: issued.certificate, issuer: issuer, sealedKey: sealed, inUse: true)
    }

    /// The newest first.
    func federationIdentities(_ tables: StorageTransaction) throws -> [FederationIdentity] {
        try tables.ownCertificates.all().map { record in
            let identity = FederationIdentity(
                certificate: try Certificate(pem: record.certificatePEM),
                issuer: try Certificate(pem: record.issuerPEM), sealedKey: Array(record.sealedKey), inUse: record.inUse)
            return (identity, record.createdAt)
        }
        .filter { $0.0.certificate.uriNames.contains(HandoverURN.peer(peerID)) }
        .sorted { $0.1 > $1.1 }.map(\.0)
    }

    /// What outbound calls present: the one in use and, for peers that were not given it yet, the one before it.
    func federationIdentitiesToPresent(_ tables: StorageTransaction, at now: Timestamp) throws -> [FederationIdentity] {
        let valid = try federationIdentities(tables).filter { now < $0.certificate.notAfter }
        return valid.filter(\.inUse) + valid.filter { !$0.inUse }.prefix(1)
    }

    /// What peers are told to trust, and where to send agents.
    ///
    /// - Parameter listener: the chain that the listener presents now; `serverCAs` must verify it.
    func trustStatement(
        version: Int64, listener: [Certificate], endpoint: Endpoint, at now: Timestamp
    ) throws -> TrustStatement {
        let published = signingKeys.published
        let foreign =
            vouches(for: listener, at: endpoint.host, at: now) ? [] : listener.dropFirst().filter(\.isCA)
        return TrustStatement(
            issuer: peerID, version: version,
            serverCAs: try ServerCAs(CertificateBundle(published + foreign)), agentCAs: try AgentCAs(published),
            tokenSigners: try TokenSigners(published), opampEndpoint: endpoint, issuedAt: now)
    }

    /// Whether the listener presents a certificate of this authority, rather than one from elsewhere.
    func vouches(for listener: [Certificate], at host: String, at now: Timestamp) -> Bool {
        listener.first.map { leaf in
            ChainCheck.problems(
                leaf: leaf, intermediates: Array(listener.dropFirst()), anchors: signingKeys.published,
                purpose: .server(host: host), at: now
            ).isEmpty
        } ?? false
    }
}
