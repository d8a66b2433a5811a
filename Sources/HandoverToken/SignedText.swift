import Certificates
import Vocabulary

/// The kinds of statement signed here. Each is refused where another is expected (RFC 8725 section 3.11).
enum StatementType: String {
    case handover = "handover+jwt"
    case trustBundle = "trust-bundle+jwt"
}

/// A compact JWS (RFC 7515 section 7.1) whose header is exactly `alg` ES256, `typ` and `x5t#S256`.
///
/// Members no one asked for are refused, not ignored: there is no `crit` to understand, no key or URL to be lured by
/// (RFC 8725 sections 3.1 and 3.10).
struct SignedText {
    let signer: Fingerprint
    private let payload: [UInt8]
    private let signingInput: [UInt8]
    private let signature: [UInt8]

    /// - Parameter parts: header, payload and signature as they stand between the dots.
    init(parts: [Substring], type: StatementType) throws(EnvelopeRefusal) {
        var decoded: [[UInt8]] = []
        for part in parts {
            guard !part.isEmpty, let bytes = Base64URL.decode(part) else { throw .malformed(.encoding) }
            decoded.append(bytes)
        }
        guard decoded.count == 3 else { throw .malformed(.parts(decoded.count)) }
        signer = try Self.signer(inHeader: decoded[0], type: type)
        payload = decoded[1]
        signature = decoded[2]
        signingInput = Array(parts[0].utf8) + [UInt8(ascii: ".")] + Array(parts[1].utf8)
    }

    private static func signer(inHeader bytes: [UInt8], type: StatementType) throws(EnvelopeRefusal) -> Fingerprint {
        guard let header = try? JSON(reading: bytes), let members = header.members else {
            throw .malformed(.headerNotJSON)
        }
        guard header["typ"] == .string(type.rawValue) else { throw .wrongType(.type) }
        guard header["alg"] == .string("ES256") else { throw .wrongType(.algorithm) }
        guard let text = header["x5t#S256"]?.string, let signer = Fingerprint(x5tS256: text) else {
            throw .wrongType(.signer)
        }
        guard members.count == 3 else { throw .wrongType(.unexpectedMember) }
        return signer
    }

    /// The payload, once a recorded signer of its issuer is known to have signed these very bytes.
    ///
    /// The one thing read before that is `iss`, and only to pick the signers that may speak for it.
    func payload(
        signedByOneOf recorded: [TokenVerifier.KnownSigner], at now: Timestamp
    ) throws(EnvelopeRefusal) -> JSON {
        guard let claims = try? JSON(reading: payload) else { throw .malformed(.payloadNotJSON) }
        guard let issuer = claims["iss"]?.string.flatMap({ PeerID($0) }) else { throw .malformed(.noIssuer) }
        let entitled = recorded.filter { $0.owner == nil || $0.owner == issuer }
        guard !entitled.isEmpty else { throw .unknownIssuer(issuer) }
        guard let certificate = entitled.first(where: { $0.certificate.fingerprint == signer })?.certificate else {
            throw .unknownSigner(signer)
        }
        guard certificate.publicKey.algorithm == .p256 else { throw .unusableSigner(signer, .keyType) }
        let problems = ChainCheck.problems(leaf: certificate, anchors: [certificate], purpose: .signer, at: now)
        guard problems.isEmpty else { throw .unusableSigner(signer, .certificate(problems)) }
        guard certificate.publicKey.isValidSignature(signature, for: signingInput) else { throw .badSignature }
        return claims
    }

    /// Header and payload have one text each; only the signature differs from one call to the next.
    static func signed(
        _ payload: JSON, type: StatementType, by signer: Issuer
    ) throws(CertificateFailure) -> String {
        let header = JSON.members([
            "alg": .string("ES256"), "typ": .string(type.rawValue),
            "x5t#S256": .string(signer.certificate.fingerprint.x5tS256),
        ])
        let input = [header, payload].map { Base64URL.encode($0.utf8) }.joined(separator: ".")
        return input + "." + Base64URL.encode(try signer.signature(for: Array(input.utf8)))
    }
}
