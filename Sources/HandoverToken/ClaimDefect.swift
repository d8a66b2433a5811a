public import Vocabulary

/// What is wrong with one claim: its name and a reason, never the claim's text.
public struct ClaimDefect: Error, Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        case missing
        /// Another type, or a text of another form.
        case wrongForm
        case outOfBounds
        /// Too many, or with characters that could be taken for something else.
        case unsafeText
        /// `cnf`, `target` and `source` say whom to trust, so nothing may stand there that this version ignores.
        case unexpectedMember
        case lifetime
        case audienceIsIssuer
        case plaintext
        case endpoint(EndpointRefusal)
        case trustSet(TrustSetRefusal)
    }

    /// As in the token, members joined by dots: `target.serverCAs`.
    public let claim: String
    public let reason: Reason

    public init(_ claim: String, _ reason: Reason) {
        self.claim = claim
        self.reason = reason
    }

    /// One line for an operator.
    public var sentence: String {
        let text =
            switch reason {
            case .missing: "it is missing"
            case .wrongForm: "it does not have the expected form"
            case .outOfBounds: "it is out of bounds"
            case .unsafeText: "it is empty, too long or holds characters that are not allowed there"
            case .unexpectedMember: "it holds a member that this version does not know"
            case .lifetime: "the time from issue to expiry is too short or too long"
            case .audienceIsIssuer: "it names the issuer itself"
            case .plaintext: "the endpoint is not wss or https"
            case .endpoint(let refusal): refusal.reason
            case .trustSet(let refusal): refusal.reason
            }
        return "Claim \(claim): \(text)."
    }
}
