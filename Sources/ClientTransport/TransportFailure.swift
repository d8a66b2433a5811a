public import Vocabulary

/// The loop itself could not be made: the host is out of something.
public enum TransportFailure: OperatorExplainable, Hashable {
    case contextNotCreated
    case socketNotCreated(String)
    case threadNotStarted(String)

    public var operatorMessage: OperatorMessage {
        OperatorMessage(
            code: reason.code, title: "The network loop could not start", cause: cause,
            nextAction: "Check the memory and file descriptor limits of the process.")
    }

    private var reason: TransportCode {
        switch self {
        case .contextNotCreated: .context
        case .socketNotCreated: .socket
        case .threadNotStarted: .thread
        }
    }

    private var cause: String {
        switch self {
        case .contextNotCreated: "libwebsockets could not create a context."
        case .socketNotCreated(let words): "Its stand-in listener: \(words)."
        case .threadNotStarted(let words): "Its thread: \(words)."
        }
    }
}
