import Vocabulary

/// One event being decided: the agent as it becomes, and what has to be done about it.
///
/// Its methods are spread over the folders of their subjects; each of them states what happens in every phase.
struct Transition {
    var agent: Agent
    let now: Timestamp
    let chance: UInt64
    /// False while an event is decided again whose state could not be saved.
    private(set) var canWrite = true
    private var mustSave = false
    private var directives: [AgentDirective] = []
    private var log: [AgentLogEntry] = []

    init(agent: Agent, now: Timestamp, chance: UInt64) {
        self.agent = agent
        self.now = now
        self.chance = chance
    }

    var step: AgentStep {
        AgentStep(agent: agent, save: mustSave ? agent.state : nil, directives: directives, log: log)
    }

    var timings: AgentTimings { agent.configuration.timings }

    mutating func order(_ directive: AgentDirective) { directives.append(directive) }

    mutating func note(
        _ level: AgentLogEntry.Level, _ event: AgentLogEvent, _ fields: KeyValuePairs<String, String?> = [:]
    ) {
        log.append(AgentLogEntry(level, event, fields))
    }

    /// What changed in the state becomes durable before anything else happens; without a working disk it stays in
    /// memory, which only verdicts and bookkeeping may do.
    mutating func keep() {
        mustSave = canWrite
        if canWrite { agent.isUnsaved = false }
    }

    /// Makes good a save that failed, although nothing has changed since.
    mutating func keepIfUnsaved() {
        if agent.isUnsaved { keep() }
    }

    mutating func take(_ event: AgentEvent) {
        switch event {
        case .started: start()
        case .opened(let id): opened(id)
        case .received(let id, let message): received(message, on: id)
        case .receivedNonsense(let id, let detail): receivedNonsense(detail, on: id)
        case .sendFailed(let id, let failure): sendFailed(failure, on: id)
        case .ended(let id, let end): ended(end, of: id)
        case .woke(let timer): woke(timer)
        case .reportChanged(let report): reportChanged(report)
        case .capabilitiesChanged(let capabilities): capabilitiesChanged(to: capabilities)
        case .customMessage(let message): say(message)
        case .standbyVerified(let hash, let failure): standbyVerified(hash, failure: failure)
        case .connectionsApplied(let hash): hostAnswered(hash, rejection: nil)
        case .connectionsRejected(let hash, let reason): hostAnswered(hash, rejection: reason)
        case .leafReplaced(let leaf, let identity): leafReplaced(by: leaf, over: identity)
        case .remoteConfigApplied(let hash): remoteConfigDone(hash, failure: nil)
        case .remoteConfigFailed(let hash, let message, let mayPass):
            remoteConfigDone(hash, failure: RemoteConfigFailure(message: message, mayPass: mayPass))
        case .stopRequested: stop()
        case .saveFailed(let event):
            canWrite = false
            agent.isUnsaved = true
            note(.error, .storageFailed)
            take(event)
        }
    }

    private mutating func woke(_ timer: AgentTimer) {
        switch timer {
        case .heartbeat: heartbeatDue()
        case .retry: retryDue()
        case .nextTry: nextTryDue()
        case .answer: answerOverdue()
        case .verification: failMove(.timeout, detail: agent.trial?.lastFailure ?? Trial().lastFailure)
        case .leaving: leavingOverdue()
        case .stable: stable()
        case .probation: probationOver()
        case .lost: lossComplete()
        case .standby: standbyDue()
        case .standbyCheck: standbyCheckDue()
        case .provoked: replyLimitOver()
        case .meter: metersRecover()
        case .renewal: renewalDue()
        }
    }
}
