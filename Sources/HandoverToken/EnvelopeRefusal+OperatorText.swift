import Certificates
import Vocabulary

extension EnvelopeRefusal {
    /// - Parameter noun: what was refused, for example `token`.
    func words<Code: EnvelopeCode>(
        noun: String
    ) -> (code: Code, title: String, cause: String, nextAction: String) {
        switch self {
        case .tooLarge(let limit):
            (
                .tooLarge, "The \(noun) is too large", "It is longer than \(limit) bytes.",
                "Check that only the \(noun) was pasted."
            )
        case .malformed(let malformation):
            (
                .malformed, "The text is not a \(noun)", malformation.sentence,
                "Copy the \(noun) again, from its first to its last character."
            )
        case .badChecksum:
            (
                .badChecksum, "The \(noun) is damaged",
                "The checksum does not match the text; a part is missing or was changed.",
                "Copy the \(noun) again, from its first to its last character."
            )
        case .wrongType(let defect):
            (
                .wrongType, "The text is signed, but is not a \(noun)", defect.sentence,
                "Check that you pasted a \(noun), and that both servers have the same version."
            )
        case .unknownIssuer(let peer):
            (
                .unknownIssuer, "The issuer is not a known peer",
                "No enabled peer has the identity \(peer).",
                "Register the issuing server with `mini-server peer add`, or enable it with `mini-server peer enable`."
            )
        case .unknownSigner(let fingerprint):
            (
                .unknownSigner, "The issuer does not have this signing certificate",
                "Certificate sha256 \(fingerprint) is not among the signers recorded for the issuer.",
                "Refresh the issuer with `mini-server peer refresh`, then try again."
            )
        case .unusableSigner(let fingerprint, let defect):
            (
                .signerNotUsable, "The signing certificate may not sign now",
                "Certificate sha256 \(fingerprint): \(defect.sentence)",
                "Check the clocks. Otherwise run `mini-server ca rotate` on the issuing server, then `mini-server peer refresh`."
            )
        case .badSignature:
            (
                .badSignature, "The signature is not valid",
                "The text was changed after it was signed, or was not signed by the certificate it names.",
                "Do not use this \(noun). Get a new one from the issuing server."
            )
        }
    }
}

extension EnvelopeRefusal.Malformation {
    fileprivate var sentence: String {
        switch self {
        case .foreignCharacter(let scalar):
            "It contains the character U+\(Self.hex(scalar)), which may be invisible and is not allowed."
        case .noPrefix: "It does not have the expected prefix."
        case .parts(let count): "It has \(count) parts, which is the wrong number; it is probably cut off."
        case .encoding: "One of its parts is empty or not canonical base64url."
        case .checksumForm: "It does not end with eight hexadecimal digits; it is probably cut off."
        case .headerNotJSON: "Its header is not strict JSON."
        case .payloadNotJSON: "Its payload is not strict JSON."
        case .noIssuer: "It does not name its issuer."
        }
    }

    private static func hex(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension EnvelopeRefusal.HeaderDefect {
    fileprivate var sentence: String {
        switch self {
        case .type: "Its header names another type."
        case .algorithm: "Its header names a signature algorithm other than ES256."
        case .signer: "Its header does not name the signing certificate by x5t#S256."
        case .unexpectedMember: "Its header contains members other than alg, typ and x5t#S256."
        }
    }
}

extension EnvelopeRefusal.SignerDefect {
    fileprivate var sentence: String {
        switch self {
        case .keyType: "its key is not on P-256."
        case .certificate(let problems): problems.map(\.operatorMessage.cause).joined(separator: " ")
        }
    }
}
