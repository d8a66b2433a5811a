import Certificates
import DurableFiles
import Foundation
import ServerCore
import ServerStorage
import Vocabulary

/// Where the listener's certificate comes from.
enum ListenerCertificateSource: Sendable, Hashable {
    /// Issued by this server's own CA under these DNS names or IP addresses, and renewed by itself.
    case own(names: [String])
    /// PEM files that somebody else looks after: the chain, listener certificate first, and its key.
    case files(certificate: String, key: String)

    /// What the listener is to show now.
    ///
    /// - Throws: `AuthorityFailure.listenerFiles` when the files do not go together, or are of no use any longer.
    func load(
        authority: Authority, database: ServerDatabase, at now: Timestamp
    ) async throws -> (chain: [Certificate], key: PrivateKey) {
        switch self {
        case .own(let names): try await Self.own(names, authority: authority, database: database, at: now)
        case .files(let certificate, let key): try Self.read(certificate: certificate, key: key, at: now)
        }
    }

    private static let key = "listener"

    private static func own(
        _ names: [String], authority: Authority, database: ServerDatabase, at now: Timestamp
    ) async throws -> (chain: [Certificate], key: PrivateKey) {
        let issuer = try authority.listenerIssuer(at: now).certificate
        if let stored = try await database.read({ try $0.ownCertificates.find(Self.key) }) {
            let certificate = try Certificate(pem: stored.certificatePEM)
            let isCurrent =
                stored.issuerPEM == issuer.pem && certificate.notAfter - now > Authority.listenerRenewal
            if isCurrent, Set(certificate.dnsNames + certificate.ipAddresses) == Set(names) {
                let pem = try authority.sealing.open(stored.sealedKey, for: .listenerKey)
                return ([certificate, issuer], try PrivateKey(pem: pem))
            }
        }
        let (certificate, key) = try authority.issueListener(names: names, at: now)
        let record = OwnCertificateRecord(
            certificatePEM: certificate.pem, issuerPEM: issuer.pem,
            sealedKey: Data(try authority.sealing.seal(key.pem, for: .listenerKey)), createdAt: now, inUse: false)
        try await database.write { try $0.ownCertificates.save(record, key: Self.key) }
        return ([certificate, issuer], key)
    }

    private static func read(
        certificate: String, key: String, at now: Timestamp
    ) throws -> (chain: [Certificate], key: PrivateKey) {
        guard let chainBytes = try AtomicFile.read(certificate, limit: Limits.pemBytes) else {
            throw AuthorityFailure.listenerFiles(reason: "\(certificate) does not exist")
        }
        guard let keyBytes = try AtomicFile.read(key, limit: Limits.pemBytes) else {
            throw AuthorityFailure.listenerFiles(reason: "\(key) does not exist")
        }
        let chain = try CertificateBundle(pem: String(decoding: chainBytes, as: UTF8.self)).certificates
        let privateKey = try PrivateKey(pem: Secret(keyBytes))
        guard let first = chain.first, first.publicKey == privateKey.publicKey else {
            throw AuthorityFailure.listenerFiles(reason: "\(key) is not the key of the first certificate")
        }
        guard now < first.notAfter else {
            throw AuthorityFailure.listenerFiles(reason: "\(certificate) expired at \(first.notAfter)")
        }
        return (chain, privateKey)
    }
}
