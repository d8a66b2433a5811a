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
    /// There is a certificate, and no private key for it.
    case keyMissing(directory: String)
    case keyOfAnother(directory: String)
    case transport(TransportFailure)
}

extension StateFailure: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        switch self {
        case .file(let failure): failure.operatorMessage
        case .state(let refusal): refusal.operatorMessage
        case .key(let failure): failure.operatorMessage
        case .transport(let failure): failure.operatorMessage
        case .keyMissing(let directory):
            keyMessage(.keyMissing, "\(directory) contains a certificate, and no private key in leaf.key.")
        case .keyOfAnother(let directory):
            keyMessage(
                .keyOfAnother, "The private key in \(directory)/leaf.key does not belong to the agent's certificate.")
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

    private func keyMessage(_ code: StateCode, _ cause: String) -> OperatorMessage {
        OperatorMessage(
            code: code.code, title: "The agent has no private key for its certificate", cause: cause,
            nextAction:
                "Restore leaf.key from a backup, or run `opamp-agent reset --yes`, then `opamp-agent enroll` with a new bootstrap token."
        )
    }
}
