public import AgentCore
public import Certificates
public import ClientTransport
public import DurableFiles
public import Vocabulary

/// Why the agent cannot start on this host.
public enum StateFailure: Error, Hashable, Sendable {
    case file(FileFailure)
    case state(StateRefusal)
    case key(CertificateFailure)
    /// The connection cannot be read, and the agent was led away from its configuration file before.
    case lost(directory: String)
    case transport(TransportFailure)
}

extension StateFailure: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        switch self {
        case .file(let failure): failure.operatorMessage
        case .state(let refusal): refusal.operatorMessage
        case .key(let failure): failure.operatorMessage
        case .transport(let failure): failure.operatorMessage
        case .lost(let directory):
            OperatorMessage(
                code: StateCode.lost.code, title: "The agent does not know its server",
                cause:
                    "The connection in \(directory) cannot be read, and the agent had left the server of its configuration file.",
                nextAction:
                    "Restore \(directory) from a backup, or run `opamp-agent reset --yes` to begin at the configured server."
            )
        }
    }
}
