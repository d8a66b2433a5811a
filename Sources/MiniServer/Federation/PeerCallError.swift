import Vocabulary

/// Why a peer cannot be called, or why its answer cannot be used.
enum PeerCallError: Error, Hashable, OperatorCoded {
    case noCertificate
    case noSecret(peer: String)
    case unreadable(peer: String)
    case status(Int, peer: String)

    typealias Code = CallCode

    var words: Words {
        switch self {
        case .noCertificate:
            (
                code: .noCertificate, title: "There is no federation certificate",
                cause: "This server has no federation certificate, so it cannot authenticate itself to a peer.",
                nextAction:
                    "Issue one with `mini-server peer certificate --subject NAME`, and register it on the peer with "
                    + "`mini-server peer add` or `mini-server peer update`."
            )
        case .noSecret(let peer):
            (
                code: .noSecret, title: "There is no outbound secret",
                cause: "No outbound secret is stored for peer `\(peer)`.",
                nextAction:
                    "Set it with `mini-server peer set-secret \(peer) --direction outbound`; it is the peer's inbound secret."
            )
        case .unreadable(let peer):
            (
                code: .unreadable, title: "The peer's answer cannot be read",
                cause: "The answer of peer `\(peer)` is too large or does not have the expected form.",
                nextAction: "Compare the versions of both servers."
            )
        case .status(let status, let peer):
            (
                code: .status, title: "The peer answered with an error",
                cause: "Peer `\(peer)` answered with status \(status) and no readable reason.",
                nextAction: "Check the proxies between the two servers, and read the peer's log."
            )
        }
    }
}
