import Certificates
import Vocabulary

@testable import MiniServer

/// A leaf with its key.
struct TestIdentity: Sendable {
    let certificate: Certificate
    let key: PrivateKey
}

/// One authority and what it issues.
struct TestPKI: Sendable {
    let authority: Certificate
    private let issuer: Issuer

    init() throws {
        let key = try PrivateKey.generateP256()
        authority = try Issuer.selfSigned(
            subject: "test authority", key: key, serial: RandomBytes.generate(16), validity: Self.validity)
        issuer = try Issuer(certificate: authority, key: key)
    }

    func listener(
        names: [String] = ["127.0.0.1", "localhost"], from start: Timestamp? = nil, until end: Timestamp? = nil
    ) throws -> TestIdentity {
        try issue(.listener(names: names), "listener", from: start, until: end)
    }

    func agent(_ row: AgentID = AgentID(version7At: .now, random: RandomBytes.generate(10))) throws -> TestIdentity {
        try issue(.agentLeaf(row), "agent")
    }

    private func issue(
        _ profile: CertificateProfile, _ subject: String, from start: Timestamp? = nil, until end: Timestamp? = nil
    ) throws -> TestIdentity {
        let key = try PrivateKey.generateP256()
        let certificate = try issuer.issue(
            profile, subject: subject, publicKey: key.publicKey, serial: RandomBytes.generate(16),
            validity: Validity(notBefore: start ?? Self.validity.notBefore, notAfter: end ?? Self.validity.notAfter))
        return TestIdentity(certificate: certificate, key: key)
    }

    private static var validity: Validity {
        Validity(notBefore: .now - .seconds(60), notAfter: .now + .seconds(86_400))
    }
}
