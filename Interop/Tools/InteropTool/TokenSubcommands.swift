import Certificates
import HandoverToken
import Vocabulary

/// Reads one line of JSON and writes one line: `token <text>` or `refused <code>`.
///
/// In: `certificate` and `key` (PEM), `serverCAs`, `tokenSigners`, `agentCAs` (PEM), `leaf` (hex), `jti`, `issuer`,
/// `audience`, `row`, `instanceUID`, `displayName`, `endpoint`, and `issuedAt` and `expiresAt` in seconds.
func signToken(_ arguments: [String]) throws {
    let facts = try Facts.fromLine()
    let signer = try Issuer(
        certificate: Certificate(pem: facts.string("certificate")), key: PrivateKey(pem: Secret(facts.string("key"))))
    let claims = HandoverClaims(
        id: try facts.identifier("jti"),
        issuer: try facts.identifier("issuer"),
        audience: try facts.identifier("audience"),
        issuedAt: try facts.time("issuedAt"),
        expiresAt: try facts.time("expiresAt"),
        leaf: try facts.value("leaf") { $0.string.flatMap { Fingerprint($0) } },
        agent: .init(
            row: try facts.identifier("row"), instanceUID: try facts.identifier("instanceUID"),
            displayName: try facts.string("displayName"), capabilities: 0x2501, group: "eu", configuration: "base"),
        target: .init(
            name: "eu-west", endpoint: try Endpoint(facts.string("endpoint")),
            serverCAs: try TrustSet(pem: facts.string("serverCAs")),
            tokenSigners: try TrustSet(pem: facts.string("tokenSigners")),
            headers: [HeaderField("X-Tenant", Secret("blue"))]),
        source: .init(name: "eu", agentCAs: try TrustSet(pem: facts.string("agentCAs"))),
        epoch: 3,
        probation: .seconds(300))
    do throws(SigningRefusal) {
        print("token \(try signer.sign(claims))")
    } catch {
        print("refused \(error.operatorMessage.code)")
    }
}

/// Reads lines of JSON and writes for each `accepted <jti>` or `refused <code>`.
///
/// In: `token`, `signer` (PEM), `owner`, `audience` and `now` in seconds.
func verifyToken(_ arguments: [String]) throws {
    while let facts = try Facts.fromNextLine() {
        let signer = TokenVerifier.KnownSigner(
            certificate: try Certificate(pem: facts.string("signer")), owner: try facts.identifier("owner"))
        let (text, audience) = (try facts.string("token"), try facts.identifier("audience") as PeerID)
        let now = try facts.time("now")
        do throws(TokenRefusal) {
            let token = try TokenVerifier().verify(text, signers: [signer], audience: audience, at: now)
            print("accepted \(token.claims.id)")
        } catch {
            print("refused \(error.operatorMessage.code)")
        }
    }
}

/// Reads a line of JSON with `certificate` (PEM) and writes its fingerprint as hex and as `x5t#S256`.
func fingerprint(_ arguments: [String]) throws {
    let certificate = try Certificate(pem: Facts.fromLine().string("certificate"))
    print("\(certificate.fingerprint) \(certificate.fingerprint.x5tS256)")
}

private struct Facts {
    let json: JSON

    static func fromNextLine() throws -> Facts? {
        guard let line = readLine() else { return nil }
        return Facts(json: try JSON(reading: Array(line.utf8)))
    }

    static func fromLine() throws -> Facts {
        guard let facts = try fromNextLine() else { throw UsageFailure.missingOrWrong("a line of JSON") }
        return facts
    }

    func value<Value>(_ name: String, _ read: (JSON) -> Value?) throws -> Value {
        guard let value = json[name].flatMap(read) else { throw UsageFailure.missingOrWrong(name) }
        return value
    }

    func string(_ name: String) throws -> String { try value(name, \.string) }

    func time(_ name: String) throws -> Timestamp { Timestamp(seconds: try value(name, \.integer)) }

    func identifier<Kind>(_ name: String) throws -> Identifier<Kind> {
        try value(name) { $0.string.flatMap { Identifier($0) } }
    }
}
