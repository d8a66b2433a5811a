public import Vocabulary

/// Says whether a certificate may be what it claims to be, and if not, everything that is wrong with it.
public enum ChainCheck {
    public enum Purpose: Hashable, Sendable {
        /// The other end of a dial to this host: a DNS name or an IP address without brackets.
        case server(host: String)
        /// An agent or a peer that dials us.
        case client
        /// An authority whose signature stands under a token or a trust statement.
        case signer
    }

    public static func problems(
        leaf: Certificate,
        intermediates: [Certificate] = [],
        anchors: [Certificate],
        purpose: Purpose,
        at now: Timestamp
    ) -> [ChainProblem] {
        []
    }
}
