import Certificates
import Foundation
import Vocabulary

/// A CA that nobody in the world trusts, and what it signs.
struct ForeignAuthority {
    let certificate: Certificate
    private let issuer: Issuer

    init(_ subject: String) throws {
        let key = try PrivateKey.generateP256()
        certificate = try Issuer.selfSigned(
            subject: subject, key: key, serial: RandomBytes.generate(16), validity: Self.aDay)
        issuer = try Issuer(certificate: certificate, key: key)
    }

    private static var aDay: Validity {
        Validity(notBefore: Timestamp.present - .seconds(3600), notAfter: Timestamp.present + .seconds(86_400))
    }

    /// A listener's certificate for this machine, written where `mini-server serve` reads it.
    ///
    /// - Parameter lead: after which the certificate becomes valid; it is valid already when absent.
    func writeListenerIdentity(into folder: URL, validAfter lead: Duration? = nil) throws -> (
        certificate: URL, key: URL
    ) {
        let begin = lead.map { Timestamp.present + $0 }
        let (chain, key) = try issue(
            .listener(names: ["127.0.0.1", "localhost"]), subject: "listener",
            validity: begin.map { Validity(notBefore: $0, notAfter: $0 + .seconds(86_400)) } ?? Self.aDay)
        let files = (folder.appending(path: "foreign-listener.pem"), folder.appending(path: "foreign-listener.key"))
        try chain.write(to: files.0, atomically: true, encoding: .utf8)
        try Data(key.reveal()).write(to: files.1)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: files.1.path)
        return files
    }

    /// A leaf that looks like an agent's in every name, and is signed by this CA.
    func impersonate(_ agent: AgentID, subject: String) throws -> (chain: String, key: Secret) {
        try issue(.agentLeaf(agent), subject: subject)
    }

    /// A certificate that names this peer in every way, and is signed by this CA.
    func impersonate(_ peer: PeerID, subject: String) throws -> (chain: String, key: Secret) {
        try issue(.federation(peer), subject: subject)
    }

    /// A leaf with everything of this one that can be copied, over another key.
    ///
    /// - Throws: `WorldFailure.unreadable` when it is not the leaf of an agent.
    func copy(_ leaf: Certificate) throws -> (chain: String, key: Secret) {
        let prefix = "urn:opamp-handover:agent:"
        let rows = leaf.uriNames.filter { $0.hasPrefix(prefix) }
        guard let row = rows.first.flatMap({ AgentID(String($0.dropFirst(prefix.count))) }) else {
            throw WorldFailure.unreadable(what: "a leaf", why: "it names no agent")
        }
        let serial = Hex.decode(leaf.serialNumber.lowercased()).flatMap { $0.count == 16 ? $0 : nil }
        return try issue(
            .agentLeaf(row), subject: leaf.subject.commonName, serial: serial,
            validity: Validity(notBefore: leaf.notBefore, notAfter: leaf.notAfter))
    }

    private func issue(
        _ profile: CertificateProfile, subject: String, serial: [UInt8]? = nil, validity: Validity = Self.aDay
    ) throws -> (chain: String, key: Secret) {
        let key = try PrivateKey.generateP256()
        let certificate = try issuer.issue(
            profile, subject: subject, publicKey: key.publicKey, serial: serial ?? RandomBytes.generate(16),
            validity: validity)
        return (certificate.pem + self.certificate.pem, key.pem)
    }
}

extension String {
    /// `CN=eu-region CA` without its type.
    var commonName: String { hasPrefix("CN=") ? String(dropFirst(3)) : self }
}
