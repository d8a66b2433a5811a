import Certificates
public import Vocabulary

/// What a peer says about whom to trust where it is concerned, and where its agents connect: the answer of
/// `GET /api/federation/trust-bundle`, and the only thing besides an adoption that changes an agent's token signers.
public struct TrustStatement: Hashable, Sendable {
    public let issuer: PeerID
    /// Rises with every change. A reader ignores a statement that is not above the one it holds.
    public let version: Int64
    public let serverCAs: ServerCAs
    public let agentCAs: AgentCAs
    public let tokenSigners: TokenSigners
    public let opampEndpoint: Endpoint
    /// In whole seconds.
    public let issuedAt: Timestamp

    public init(
        issuer: PeerID, version: Int64, serverCAs: ServerCAs, agentCAs: AgentCAs, tokenSigners: TokenSigners,
        opampEndpoint: Endpoint, issuedAt: Timestamp
    ) {
        self.issuer = issuer
        self.version = version
        self.serverCAs = serverCAs
        self.agentCAs = agentCAs
        self.tokenSigners = tokenSigners
        self.opampEndpoint = opampEndpoint
        self.issuedAt = Timestamp(seconds: issuedAt.seconds)
    }

    /// Three sets of eight certificates of a usual size, twice over.
    public static let sizeLimit = 64 * 1024

    /// Reads a statement that one of the already recorded signers has signed; the new set in it vouches for nothing.
    ///
    /// - Parameter issuer: who must be `iss`; `nil` where only the signer counts, as on an agent.
    public static func verified(
        _ text: String, signers: TokenSigners, issuer: PeerID?, at now: Timestamp
    ) throws(TrustStatementRefusal) -> TrustStatement {
        let payload: JSON
        do throws(EnvelopeRefusal) {
            guard text.utf8.count <= sizeLimit else { throw .tooLarge(limit: sizeLimit) }
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3 else { throw .malformed(.parts(parts.count)) }
            let recorded = signers.certificates.map { TokenVerifier.KnownSigner(certificate: $0, owner: issuer) }
            payload = try SignedText(parts: parts, type: .trustBundle).payload(signedByOneOf: recorded, at: now)
        } catch {
            throw .envelope(error)
        }
        let statement: TrustStatement
        do throws(ClaimDefect) {
            statement = try TrustStatement(json: payload)
            try statement.checkRules()
        } catch {
            throw .unacceptableClaim(error)
        }
        return statement
    }

    func checkRules() throws(ClaimDefect) {
        guard version >= 1 else { throw ClaimDefect("version", .outOfBounds) }
        guard opampEndpoint.isTLS else { throw ClaimDefect("opampEndpoint", .plaintext) }
    }
}

extension TrustStatement {
    /// Members always in this order: the same statement has the same bytes.
    var json: JSON {
        .members([
            "iss": .string(issuer.description),
            "iat": .integer(issuedAt.seconds),
            "version": .integer(version),
            "serverCAs": serverCAs.json,
            "agentCAs": agentCAs.json,
            "tokenSigners": tokenSigners.json,
            "opampEndpoint": .string(opampEndpoint.description),
        ])
    }

    init(json: JSON) throws(ClaimDefect) {
        let claims = try ClaimReader(json)
        self.init(
            issuer: try claims.identifier("iss"),
            version: try claims.required("version", \.integer),
            serverCAs: try claims.trustSet("serverCAs"),
            agentCAs: try claims.trustSet("agentCAs"),
            tokenSigners: try claims.trustSet("tokenSigners"),
            opampEndpoint: try claims.endpoint("opampEndpoint"),
            issuedAt: try claims.time("iat"))
    }
}

/// Why a trust statement was not believed.
public enum TrustStatementRefusal: Error, Hashable, Sendable {
    case envelope(EnvelopeRefusal)
    case unacceptableClaim(ClaimDefect)
}

extension TrustStatementRefusal: OperatorCoded {
    public typealias Code = TrustBundleCode

    public var words: Words {
        switch self {
        case .envelope(let refusal):
            refusal.words(noun: "trust statement")
        case .unacceptableClaim(let defect):
            (
                code: .unacceptableClaim, title: "The trust statement says something none may say",
                cause: defect.sentence, nextAction: "Compare the versions of both servers."
            )
        }
    }
}
