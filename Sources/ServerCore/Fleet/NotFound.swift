package import Vocabulary

/// A request names what this server does not have.
package enum NotFound: Error, Hashable, Sendable {
    case agent(String)
    /// By its name here, or by its `peerId`.
    case peer(String)
}

extension NotFound: OperatorCoded {
    package typealias Code = NotFoundCode

    package var words: Words {
        switch self {
        case .agent(let id):
            (
                code: .agent, title: "No such agent", cause: "This server has no agent \(id).",
                nextAction: "List the agents with `mini-server agent list`."
            )
        case .peer(let name):
            (
                code: .peer, title: "No such peer",
                cause: "No peer `\(name)` is registered on this server.",
                nextAction:
                    "List the peers with `mini-server peer list`, or register one with `mini-server peer add`."
            )
        }
    }
}
