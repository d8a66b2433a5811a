public import Certificates
public import TestValues
public import Vocabulary

/// A certificate authority for tests, made on the spot.
public struct TestAuthority: Sendable {
    public let key: PrivateKey
    public let issuer: Issuer
    public var certificate: Certificate { issuer.certificate }
    /// Its own certificate and key, as those of a server or a client.
    public var identity: TestIdentity { TestIdentity(certificate: certificate, key: key) }

    public init(_ subject: String = "Test CA", key: PrivateKey? = nil, validity: Validity = .always) throws {
        self.key = try key ?? .generateP256()
        let certificate = try Issuer.selfSigned(
            subject: subject, key: self.key, serial: RandomBytes.generate(16), validity: validity)
        issuer = try Issuer(certificate: certificate, key: self.key)
    }

    public func issue(
        _ profile: CertificateProfile, subject: String = "leaf", over publicKey: PublicKey,
        validity: Validity = .always
    ) throws -> Certificate {
        try issuer.issue(
            profile, subject: subject, publicKey: publicKey, serial: RandomBytes.generate(16), validity: validity)
    }

    /// - Parameter key: a new one unless it is given.
    public func issue(
        _ profile: CertificateProfile, subject: String = "leaf", key: PrivateKey? = nil, validity: Validity = .always
    ) throws -> TestIdentity {
        let key = try key ?? .generateP256()
        let certificate = try issue(profile, subject: subject, over: key.publicKey, validity: validity)
        return TestIdentity(certificate: certificate, key: key)
    }

    public func listener(
        _ names: [String] = ["localhost", "127.0.0.1"], validity: Validity = .always
    ) throws -> TestIdentity {
        try issue(.listener(names: names), validity: validity)
    }

    public func agent(_ row: AgentID = .random) throws -> TestIdentity { try issue(.agentLeaf(row)) }
}

/// A certificate and its key.
public struct TestIdentity: Sendable {
    public let certificate: Certificate
    public let key: PrivateKey

    public init(certificate: Certificate, key: PrivateKey) {
        (self.certificate, self.key) = (certificate, key)
    }
}

extension Validity {
    /// From 2020 to 2090: in force at every time at which a test looks, by the real clock or by `TestClock`.
    public static let always = Validity(notBefore: expired.notBefore, notAfter: notYetValid.notAfter)
    /// The year 2020.
    public static let expired = Validity(
        notBefore: Timestamp(seconds: 1_577_836_800), notAfter: Timestamp(seconds: 1_609_459_200))
    /// The year 2089.
    public static let notYetValid = Validity(
        notBefore: Timestamp(seconds: 3_755_376_000), notAfter: Timestamp(seconds: 3_786_912_000))

    /// From an hour before this time to this many days after it.
    public static func around(_ time: Timestamp, days: Int64) -> Validity {
        Validity(notBefore: time - .seconds(3600), notAfter: time + .seconds(days * 86_400))
    }
}
