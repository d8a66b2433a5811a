public import Vocabulary

/// Where the agent stands between two events.
///
///     idle -> dialing -> reporting -> online -> leaving -> dialing ...
///               ^  \________|___________|          \-> waiting, stopped
///               \-- waiting <-- (connection lost)
public enum Phase: Equatable, Sendable {
    /// Before `started`. Next: `dialing`.
    case idle
    /// Between two dials. Next: `dialing`, `stopped`.
    case waiting(Destination)
    /// A connection was ordered. Next: `reporting`, `waiting`, `dialing`, `stopped`.
    case dialing(Connection)
    /// The first report is out. Next: `online`, `waiting`, `dialing`, `leaving`.
    case reporting(Connection)
    /// The server has answered, with an error or not. Next: `leaving`, `waiting`, `dialing`.
    case online(Connection)
    /// The last messages are out, the connection is being closed. Next: `dialing`, `waiting`, `stopped`.
    case leaving(Connection, then: Departure)
    /// Nothing more will happen.
    case stopped

    public var connection: Connection? {
        switch self {
        case .dialing(let connection), .reporting(let connection), .online(let connection), .leaving(let connection, _):
            connection
        case .idle, .waiting, .stopped: nil
        }
    }

    /// The same phase with another state of its connection.
    func with(_ connection: Connection) -> Phase {
        switch self {
        case .dialing: .dialing(connection)
        case .reporting: .reporting(connection)
        case .online: .online(connection)
        case .leaving(_, let departure): .leaving(connection, then: departure)
        case .idle, .waiting, .stopped: self
        }
    }
}

/// Whose settings are dialled.
public enum Destination: String, Hashable, Sendable, CaseIterable {
    /// The active ones.
    case active
    case candidate
}

/// What follows when the connection has been left.
public enum Departure: Hashable, Sendable {
    case dial(Destination)
    case wait(Destination, Duration)
    case stop
}

/// The one connection there is.
public struct Connection: Hashable, Sendable {
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
    var hasSentDisconnect = false
    /// `close` is out.
    var isClosing = false

    var isHTTP: Bool { !endpoint.isWebSocket }

    init(id: ConnectionID, destination: Destination, endpoint: Endpoint) {
        self.id = id
        self.destination = destination
        self.endpoint = endpoint
    }
}
