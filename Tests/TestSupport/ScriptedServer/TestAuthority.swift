public import Certificates
public import Vocabulary

/// A certificate authority for tests, made on the spot.
public struct TestAuthority: Sendable {
    public let certificate: Certificate
    public let key: PrivateKey
    private let issuer: Issuer

    /// A certificate and its key.
    public struct Holder: Sendable {
        public let certificate: Certificate
        public let key: PrivateKey

        public init(certificate: Certificate, key: PrivateKey) {
            self.certificate = certificate
            self.key = key
        }
    }

    public static let now = Timestamp(seconds: 0) + .seconds(wallClockSeconds())
    public static let validNow = Validity(notBefore: now - .seconds(3600), notAfter: now + .seconds(86_400))
    public static let expired = Validity(notBefore: now - .seconds(86_400), notAfter: now - .seconds(3600))
    public static let notYetValid = Validity(notBefore: now + .seconds(3600), notAfter: now + .seconds(86_400))

    public init(_ name: String = "Test CA") throws {
        key = try PrivateKey.generateP256()
        certificate = try Issuer.selfSigned(
            subject: name, key: key, serial: RandomBytes.generate(16), validity: Self.validNow)
        issuer = try Issuer(certificate: certificate, key: key)
    }

    public func listener(
        _ names: [String] = ["localhost", "127.0.0.1"], validity: Validity = validNow
    ) throws -> Holder {
        try issue(.listener(names: names), validity)
    }

    public func agent(_ row: AgentID = .random, validity: Validity = validNow) throws -> Holder {
        try issue(.agentLeaf(row), validity)
    }

    public func issue(_ profile: CertificateProfile, _ validity: Validity = validNow) throws -> Holder {
        let key = try PrivateKey.generateP256()
        let certificate = try issuer.issue(
            profile, subject: "test leaf", publicKey: key.publicKey, serial: RandomBytes.generate(16),
            validity: validity)
        return Holder(certificate: certificate, key: key)
    }

    /// A listener's TLS for `ScriptedServer`.
    public func tls(
        _ names: [String] = ["localhost", "127.0.0.1"], validity: Validity = validNow,
        clientCertificate: ScriptedServer.TLS.ClientCertificate = .asked, maximumVersionIs1_2: Bool = false
    ) throws -> ScriptedServer.TLS {
        try listener(names, validity: validity)
            .tls(clientCertificate: clientCertificate, maximumVersionIs1_2: maximumVersionIs1_2)
    }
}

extension TestAuthority.Holder {
    public func tls(
        clientCertificate: ScriptedServer.TLS.ClientCertificate = .asked, maximumVersionIs1_2: Bool = false
    ) -> ScriptedServer.TLS {
        ScriptedServer.TLS(
            certificates: [certificate.der], keyPEM: key.pem.revealText(), clientCertificate: clientCertificate,
            maximumVersionIs1_2: maximumVersionIs1_2)
    }
}

extension Identifier {
    /// For tests only.
    public static var random: Self {
        guard let identifier = Self(bytes: (0..<16).map { _ in UInt8.random(in: 0...255) }) else {
            preconditionFailure("16 bytes are an identifier")
        }
        return identifier
    }
}
