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

    func isValid(at now: Timestamp) -> Bool { certificate.isValid(at: now) }
}

extension Certificate {
    func isValid(at now: Timestamp) -> Bool { notBefore <= now && now < notAfter }
}

extension Authority {
    static let federationLifetime = Duration.seconds(90 * 86_400)

    /// Issues a federation certificate. Every peer is shown the one that it accepted last, so another one changes nothing
    /// for those who know one of this server's.
    func issueFederation(
        subject: String, lifetime: Duration, in database: ServerDatabase, by context: AuditContext, at now: Timestamp
    ) async throws -> FederationIdentity {
        let issued = try issueFederation(subject: subject, lifetime: lifetime, at: now)
        let sealed = try sealing.seal(issued.key.pem, for: .federationKey)
        let issuer = try active().certificate
        let fingerprint = issued.certificate.fingerprint.description
        let record = OwnCertificateRecord(
            certificatePEM: issued.certificate.pem, issuerPEM: issuer.pem, sealedKey: Data(sealed), createdAt: now)
        try await database.write { tables in
            try tables.ownCertificates.insert(record, key: fingerprint)
            try tables.audit.append(
                AuditFact(
                    .certificateIssued, entityType: "federation-certificate", entityID: fingerprint, after: subject,
                    additional: .members(["expires": .string(issued.certificate.notAfter.description)])),
                context: context, at: now)
        }
        return FederationIdentity(certificate: issued.certificate, issuer: issuer, sealedKey: sealed)
    }

    /// The newest first.
    func federationIdentities(_ tables: StorageTransaction) throws -> [FederationIdentity] {
        try tables.ownCertificates.all().map { record in
            let identity = FederationIdentity(
                certificate: try Certificate(pem: record.certificatePEM),
                issuer: try Certificate(pem: record.issuerPEM), sealedKey: Array(record.sealedKey))
            return (identity, record.createdAt)
        }
        .filter { $0.0.certificate.uriNames.contains(HandoverURN.peer(peerID)) }
        .sorted { $0.1 > $1.1 }.map(\.0)
    }

    /// What peers are told to trust, and where to send agents.
    ///
    /// - Parameter listeners: the chains that the listener presents now and next; `serverCAs` verify each.
    func trustStatement(
        version: Int64, listeners: [[Certificate]], endpoint: Endpoint, at now: Timestamp
    ) throws -> TrustStatement {
        let published = signingKeys.published
        let others = CertificateBundle(listeners.flatMap { listenerCAs(of: $0, at: now) }).certificates
        let room = max(0, Limits.bundleCertificates - published.count)
        return TrustStatement(
            issuer: peerID, version: version,
            serverCAs: try ServerCAs(published + others.prefix(room)), agentCAs: try AgentCAs(published),
            tokenSigners: try TokenSigners(published), opampEndpoint: endpoint, issuedAt: now)
    }

    /// The CAs of a listener's chain that verify its first certificate and are not this authority's; the nearest first. An
    /// intermediate is one when the chain ends with it.
    func listenerCAs(of chain: [Certificate], at now: Timestamp) -> [Certificate] {
        guard let leaf = chain.first else { return [] }
        let (own, others) = (signingKeys.published, Array(chain.dropFirst()))
        return chain.possibleIssuers.filter(\.isCA).filter { candidate in
            !own.contains(candidate)
                && !ChainCheck.problems(
                    leaf: leaf, intermediates: others, anchors: [candidate], purpose: .server(host: ""), at: now
                ).contains(.untrusted)
        }
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

extension [Certificate] {
    /// The certificates of a listener's chain that may have issued its first one: those behind it, or the first one
    /// itself when it is self-signed and alone.
    var possibleIssuers: [Certificate] { count == 1 && self[0].isCA ? self : Array(dropFirst()) }
}
