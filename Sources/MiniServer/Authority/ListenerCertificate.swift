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
    /// - Throws: `AuthorityFailure.listenerFiles` when the files do not go together, or are of no use any longer;
    ///   `AddressRefusal.certificate` when clients that dial the address would not accept them.
    func load(
        authority: Authority, database: ServerDatabase, address: ListenAddress, at now: Timestamp
    ) async throws -> (chain: [Certificate], key: TLSServerKey) {
        switch self {
        case .own(let names): return try await Self.own(names, authority: authority, database: database, at: now)
        case .files(let certificate, let key):
            let identity = try Self.read(certificate: certificate, key: key, at: now)
            try address.check(identity.chain, at: now)
            return identity
        }
    }

    private static let key = "listener"

    private static func own(
        _ names: [String], authority: Authority, database: ServerDatabase, at now: Timestamp
    ) async throws -> (chain: [Certificate], key: TLSServerKey) {
        let issuer = try authority.listenerIssuer(at: now).certificate
        if let stored = try database.look({ try $0.ownCertificates.find(Self.key) }) {
            let certificate = try Certificate(pem: stored.certificatePEM)
            // One from the future was issued while the clock was ahead; no client accepts it.
            let isCurrent =
                stored.issuerPEM == issuer.pem && certificate.notBefore <= now
                && certificate.notAfter - now > Authority.listenerRenewal
            if isCurrent, Set(certificate.dnsNames + certificate.ipAddresses) == Set(names) {
                let pem = try authority.sealing.open(stored.sealedKey, for: .listenerKey)
                return ([certificate, issuer], TLSServerKey(try PrivateKey(pem: pem)))
            }
        }
        let (certificate, key) = try authority.issueListener(names: names, at: now)
        let record = OwnCertificateRecord(
            certificatePEM: certificate.pem, issuerPEM: issuer.pem,
            sealedKey: Data(try authority.sealing.seal(key.pem, for: .listenerKey)), createdAt: now)
        try await database.write { try $0.ownCertificates.save(record, key: Self.key) }
        return ([certificate, issuer], TLSServerKey(key))
    }

    private static func read(
        certificate: String, key: String, at now: Timestamp
    ) throws -> (chain: [Certificate], key: TLSServerKey) {
        let chain = try contents(of: certificate) { pem throws(CertificateFailure) in
            try CertificateBundle(pem: pem.revealText(), besideKey: true).certificates
        }
        let privateKey = try contents(of: key) { pem throws(CertificateFailure) in try TLSServerKey(pem: pem) }
        guard privateKey.belongs(to: chain[0]) else {
            throw AuthorityFailure.listenerFiles(reason: "\(key) is not the key of the first certificate")
        }
        if !chain[0].isInForce(at: now) {
            let problem: ChainProblem = now < chain[0].notBefore ? .notYetValid(chain[0]) : .expired(chain[0])
            throw AuthorityFailure.listenerFiles(
                reason: "\(certificate): \(problem.operatorMessage.cause)",
                nextAction: problem.operatorMessage.nextAction)
        }
        return (chain, privateKey)
    }

    /// Links are followed each time, so a renewed certificate is found behind the same name.
    private static func contents<Value>(
        of path: String, _ read: (Secret) throws(CertificateFailure) -> Value
    ) throws -> Value {
        guard let bytes = try OperatorFile.read(path, limit: Limits.pemBytes) else {
            throw AuthorityFailure.listenerFiles(reason: "\(path) does not exist")
        }
        do throws(CertificateFailure) {
            return try read(Secret(bytes))
        } catch {
            throw AuthorityFailure.listenerFiles(
                reason: "\(path): \(error.operatorMessage.cause)", nextAction: error.operatorMessage.nextAction)
        }
    }
}
