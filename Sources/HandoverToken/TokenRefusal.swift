public import Vocabulary

/// Every way in which a handover token's text alone is not good enough. What depends on a server's records
/// (already redeemed, cancelled, configuration missing ...) is refused elsewhere.
public enum TokenRefusal: Error, Hashable, Sendable {
    /// Size, shape, checksum, header, signer or signature.
    case envelope(EnvelopeRefusal)
    /// The signature holds and the token says something no token may say.
    case unacceptableClaim(ClaimDefect)
    case wrongAudience(PeerID)
    case wrongPurpose(HandoverClaims.Purpose)
    case notYetValid(from: Timestamp)
    case expired(at: Timestamp)
    /// The rest is the agent's: what the token says against the offer it came with.
    case fingerprintMismatch(named: Fingerprint, own: Fingerprint)
    case wrongEndpoint(named: Endpoint, offered: Endpoint)
    case wrongServerCA
    case staleEpoch(named: Epoch, held: Epoch)
}

extension TokenRefusal: OperatorCoded {
    public typealias Code = HandoverCode

    public var words: Words {
        switch self {
        case .envelope(let refusal):
            refusal.words(noun: "handover token")
        case .unacceptableClaim(let defect):
            (
                .unacceptableClaim, "A claim of the token is not acceptable", defect.sentence,
                "Compare the versions of both servers, and issue a new token."
            )
        case .wrongAudience(let peer):
            (
                .wrongAudience, "The token is for another server", "The token names the target \(peer).",
                "Redeem it on that server, or issue a token for this server."
            )
        case .wrongPurpose(let purpose):
            (
                .wrongPurpose, "The token has the wrong purpose", "Its purpose is \(purpose.rawValue).",
                purpose == .standby
                    ? "Issue a token for a handover with `mini-server handover issue`; standby tokens are not accepted."
                    : "Issue a standby token for this agent."
            )
        case .notYetValid(let start):
            (
                .notYetValid, "The token is not valid yet", "It is valid from \(start).",
                "Check the clocks of both servers."
            )
        case .expired(let end):
            (
                .expired, "The token has expired", "It was valid until \(end).",
                "Issue a new token on the source. If the token was new, check the clocks of both servers."
            )
        case .fingerprintMismatch(let named, let own):
            (
                .fingerprintMismatch, "The token is bound to another certificate",
                "The token names sha256 \(named); the agent has \(own).",
                "Issue a new token when no rotation of the leaf is in progress."
            )
        case .wrongEndpoint(let named, let offered):
            (
                .wrongEndpoint, "The token is for another endpoint",
                "The token names \(named); the offer names \(offered).",
                "Issue a new token for the offered endpoint."
            )
        case .wrongServerCA:
            (
                .wrongServerCa, "The token and the offer name different CAs",
                "The CA bundle of the offer is not the one in the token.",
                "On the source, run `mini-server peer refresh` for the target and issue a new token."
            )
        case .staleEpoch(let named, let held):
            (
                .staleEpoch, "The token is older than the agent's last move",
                "The token has epoch \(named); the agent has epoch \(held).",
                "Issue a new token on the server that has the agent now."
            )
        }
    }
}
