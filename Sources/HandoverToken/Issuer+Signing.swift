public import Certificates
public import Vocabulary

/// Signs what the other side checks against the signers it has recorded.
extension Issuer {
    /// The text form of a token with these claims. It is the same for the same claims, apart from the signature.
    public func sign(_ claims: HandoverClaims) throws(SigningRefusal) -> String {
        do { try claims.checkRules() } catch { throw .claim(error) }
        let text = TokenText.armoured(try jws(claims.json, .handover))
        guard text.utf8.count <= Limits.tokenBytes else { throw .tooLarge(bytes: text.utf8.count) }
        return text
    }

    /// The compact JWS in which a peer learns of changes to the trust sets.
    public func sign(_ statement: TrustStatement) throws(SigningRefusal) -> String {
        do { try statement.checkRules() } catch { throw .claim(error) }
        return try jws(statement.json, .trustBundle)
    }

    private func jws(_ payload: JSON, _ type: StatementType) throws(SigningRefusal) -> String {
        do throws(CertificateFailure) {
            return try SignedText.signed(payload, type: type, by: self)
        } catch {
            throw .key(error)
        }
    }
}

/// Why something was not signed.
public enum SigningRefusal: Error, Hashable, Sendable {
    /// Every reader would refuse it.
    case claim(ClaimDefect)
    /// A token holds three trust sets; large ones do not fit.
    case tooLarge(bytes: Int)
    case key(CertificateFailure)
}

extension SigningRefusal: OperatorCoded {
    public typealias Code = HandoverCode

    public var words: Words {
        switch self {
        case .claim(let defect):
            (
                code: .claimNotSignable, title: "No token can be issued with these facts",
                cause: defect.sentence,
                nextAction: "Look at both with `mini-server agent show` and `mini-server peer show`, then issue."
            )
        case .tooLarge(let bytes):
            (
                code: .tokenWouldBeTooLarge, title: "The token would be too large",
                cause: "It would have \(bytes) bytes; \(Limits.tokenBytes) are allowed.",
                nextAction: "Retire CA keys that are no longer used, on both servers, and refresh the peer."
            )
        case .key:
            (
                code: .signingFailed, title: "The CA key could not sign",
                cause: "The cryptographic library refused the key.",
                nextAction: "Look at the active CA key with `mini-server ca list`, and at the server's log."
            )
        }
    }
}
