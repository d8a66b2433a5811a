/// One line for the log. It never holds header values, tokens or keys.
public struct AgentLogEntry: Hashable, Sendable {
    public enum Level: String, Hashable, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error

        public static func < (left: Self, right: Self) -> Bool {
            allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
        }
    }

    public struct Field: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var level: Level
    public var event: AgentLogEvent
    public var fields: [Field]

    public init(_ level: Level, _ event: AgentLogEvent, _ fields: KeyValuePairs<String, String?> = [:]) {
        self.level = level
        self.event = event
        self.fields = fields.compactMap { name, value in value.map { Field(name, $0) } }
    }

    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// The stable names of everything the core writes to the log.
public enum AgentLogEvent: String, Hashable, Sendable, CaseIterable {
    case started = "agent.started"
    case configurationIgnored = "agent.configuration-ignored"
    case stopped = "agent.stopped"
    case storageFailed = "agent.storage-failed"
    case uidAdopted = "agent.uid-adopted"
    case restartRequested = "agent.restart-requested"
    case logIncomplete = "agent.log-incomplete"
    case leafReplaced = "agent.certificate-replaced"
    case leafNotReplaced = "agent.certificate-not-replaced"
    case leafEnds = "agent.certificate-ends"
    case leafEnded = "agent.certificate-expired"

    case dialing = "connection.dialing"
    case online = "connection.online"
    case lost = "connection.lost"
    case unanswered = "connection.unanswered"
    case leaving = "connection.leaving"
    case serverError = "connection.server-error"
    case ignoredMessage = "connection.message-ignored"
    case sendFailed = "connection.send-failed"
    case linesDropped = "connection.lines-dropped"

    case offerRefused = "offer.refused"
    case offerRepeated = "offer.repeated"
    case offerUnchanged = "offer.unchanged"
    case offerIgnored = "offer.ignored"
    case offerWaits = "offer.waits"
    case offerSuperseded = "offer.superseded"
    case tokenUnchecked = "offer.token-unchecked"
    case connectionsHandedOver = "offer.connections-handed-over"
    case connectionsApplied = "offer.connections-applied"

    case moveBegan = "move.began"
    case moveResumed = "move.resumed"
    case moveRetried = "move.retried"
    case moveAdopted = "move.adopted"
    case moveFailed = "move.failed"
    case moveReturning = "move.returning"
    case moveReturned = "move.returned"
    case moveSettled = "move.settled"

    case standbyHeld = "standby.held"
    case standbyForgotten = "standby.forgotten"
    case standbyUsed = "standby.used"
    case standbyFailed = "standby.failed"
    case standbyVerified = "standby.verified"
    case standbyNotVerified = "standby.not-verified"

    case leafRequested = "enrolment.leaf-requested"
    case leafStored = "enrolment.leaf-stored"
    case leafRefused = "enrolment.refused"
    case leafNotAccepted = "enrolment.leaf-not-accepted"
    case signersReplaced = "enrolment.signers-replaced"

    case remoteConfigReceived = "configuration.received"
    case remoteConfigApplied = "configuration.applied"
    case remoteConfigFailed = "configuration.failed"
    case remoteConfigRepeated = "configuration.repeated"
}
