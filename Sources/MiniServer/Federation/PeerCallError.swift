import Vocabulary

/// Why a peer cannot be called at all, or why its answer says nothing.
enum PeerCallError: Error, Hashable, OperatorExplainable {
    case noCertificate
    case noSecret(peer: String)
    case unreadable(peer: String)
    case status(Int, peer: String)

    var operatorMessage: OperatorMessage {
        switch self {
        case .noCertificate:
            OperatorMessage(
                code: "call.no-certificate", title: "There is no federation certificate",
                cause: "This server has not issued itself a federation certificate, so it has nothing to show a peer.",
                nextAction: "Issue one with `mini-server peer certificate`, and paste it on the other side.")
        case .noSecret(let peer):
            OperatorMessage(
                code: "call.no-secret", title: "There is no outbound secret",
                cause: "Of the peer \(peer) there is no outbound secret here.",
                nextAction: "Save what the other side shows as inbound with `mini-server peer set-secret`.")
        case .unreadable(let peer):
            OperatorMessage(
                code: "call.unreadable", title: "The peer's answer cannot be read",
                cause: "The answer of \(peer) is too large, or is not of the expected form.",
                nextAction: "Compare the versions of both servers.")
        case .status(let status, let peer):
            OperatorMessage(
                code: "call.status", title: "The peer answered with an error",
                cause: "\(peer) answered \(status) without a reason that can be read.",
                nextAction: "Check what stands between both servers, and the peer's log.")
        }
    }
}
