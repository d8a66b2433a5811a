package import Vocabulary

/// A request names what this server does not have.
package enum NotFound: Error, Hashable, Sendable {
    case agent(String)
    /// By its name here, or by its `peerId`.
    case peer(String)
}

extension NotFound: OperatorExplainable {
    package var operatorMessage: OperatorMessage {
        switch self {
        case .agent(let id):
            OperatorMessage(
                code: "not-found.agent", title: "No such agent", cause: "This server has no agent \(id).",
                nextAction: "List the agents with `mini-server agent list`.")
        case .peer(let name):
            OperatorMessage(
                code: "not-found.peer", title: "No such peer",
                cause: "No peer `\(name)` is registered on this server.",
                nextAction:
                    "List the peers with `mini-server peer list`, or register one with `mini-server peer add`.")
        }
    }
}
