public import Vocabulary

/// Where the agent stands between two events.
///
///     idle -> dialing -> reporting -> online -> leaving -> dialing ...
///               ^  \________|___________|          \-> waiting, stopped
///               \-- waiting <-- (line lost)
public enum Phase: Equatable, Sendable {
    /// Before `started`. Next: `dialing`.
    case idle
    /// Between two dials. Next: `dialing`, `stopped`.
    case waiting(Destination)
    /// A line was ordered. Next: `reporting`, `waiting`, `dialing`, `stopped`.
    case dialing(Line)
    /// The first report is out. Next: `online`, `waiting`, `dialing`, `leaving`.
    case reporting(Line)
    /// The server has answered, with an error or not. Next: `leaving`, `waiting`, `dialing`.
    case online(Line)
    /// The last messages are out, the line is being closed. Next: `dialing`, `waiting`, `stopped`.
    case leaving(Line, then: Departure)
    /// Nothing more will happen.
    case stopped

    public var line: Line? {
        switch self {
        case .dialing(let line), .reporting(let line), .online(let line), .leaving(let line, _): line
        case .idle, .waiting, .stopped: nil
        }
    }

    /// The same phase with another state of its line.
    func with(_ line: Line) -> Phase {
        switch self {
        case .dialing: .dialing(line)
        case .reporting: .reporting(line)
        case .online: .online(line)
        case .leaving(_, let departure): .leaving(line, then: departure)
        case .idle, .waiting, .stopped: self
        }
    }
}

/// Whose settings are dialled.
public enum Destination: String, Hashable, Sendable, CaseIterable {
    /// The active ones.
    case home
    case candidate
}

/// What follows when the line has been left.
public enum Departure: Hashable, Sendable {
    case dial(Destination)
    case wait(Destination, Duration)
    case stop
}

/// The one line there is.
public struct Line: Hashable, Sendable {
    public let id: ConnectionID
    public let destination: Destination
    public let endpoint: Endpoint
    /// A message without an error has come back: the server takes the agent.
    var isAccepted = false
    /// The epoch was said by custom message.
    var hasSaidEpoch = false
    /// HTTP only: a request has not been answered yet.
    var isRequestOpen = false
    /// `agent_disconnect` is out; nothing may follow it.
    var hasTakenLeave = false
    /// `close` is out.
    var isClosing = false

    var isHTTP: Bool { !endpoint.isWebSocket }

    init(id: ConnectionID, destination: Destination, endpoint: Endpoint) {
        self.id = id
        self.destination = destination
        self.endpoint = endpoint
    }
}
