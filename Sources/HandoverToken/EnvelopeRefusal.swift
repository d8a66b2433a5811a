public import Certificates
public import Vocabulary

/// Why a signed text was not believed, before anything it says was used.
///
/// Nothing here repeats text from the outside: at most numbers and identifiers of fixed size.
public enum EnvelopeRefusal: Error, Hashable, Sendable {
    case tooLarge(limit: Int)
    case malformed(Malformation)
    case badChecksum
    case wrongType(HeaderDefect)
    /// No enabled peer has this identity.
    case unknownIssuer(PeerID)
    /// The issuer is known, the signing certificate is not among its recorded signers.
    case unknownSigner(Fingerprint)
    /// The signing certificate is recorded, but may not sign now.
    case unusableSigner(Fingerprint, SignerDefect)
    case badSignature

    public enum Malformation: Hashable, Sendable {
        /// A character that no token has; often one that cannot be seen, such as U+200B or U+FEFF.
        case foreignCharacter(Unicode.Scalar)
        case noPrefix
        /// How many parts were found between the dots.
        case parts(Int)
        /// An empty part, or one that is not canonical base64url.
        case encoding
        case checksumForm
        case headerNotJSON
        case payloadNotJSON
        case noIssuer
    }

    /// What makes a readable header not exactly the one that is agreed.
    public enum HeaderDefect: Hashable, Sendable {
        case type, algorithm, signer, unexpectedMember
    }

    public enum SignerDefect: Hashable, Sendable {
        /// ES256 needs a key on P-256.
        case keyType
        case certificate([ChainProblem])
    }
}
