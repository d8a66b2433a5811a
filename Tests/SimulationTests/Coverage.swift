import AgentCore
import OpAMPProto
import ServerCore
import Vocabulary

/// An event in a phase of one of the three machines.
struct Pair: Hashable, Comparable, CustomStringConvertible {
    enum Machine: String { case source, target, agent }

    var machine: Machine
    var phase: String
    var event: String

    var description: String { "\(machine.rawValue) \(phase) + \(event)" }

    static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

/// An event by its name alone. Each list of names is complete, in no order.
protocol NamedEvent {
    var kind: String { get }
    static var kinds: [String] { get }
}

extension SourceHandover.Event: NamedEvent {
    static let kinds =
        [
            "redeemed", "offerSigned", "offerSent", "pushRequested", "agentConnected", "agentLeaving",
            "agentDisconnected", "agentFailed", "cancelRequested", "leafRevoked", "higherEpochSeen", "wake",
        ] + NoticeType.allCases.map { "<\($0.rawValue)>" }

    var kind: String {
        switch self {
        case .redeemed: "redeemed"
        case .offerSigned: "offerSigned"
        case .offerSent: "offerSent"
        case .pushRequested: "pushRequested"
        case .agentConnected: "agentConnected"
        case .agentLeaving: "agentLeaving"
        case .agentDisconnected: "agentDisconnected"
        case .agentFailed: "agentFailed"
        case .noticeReceived(let notice): "<\(notice.type.rawValue)>"
        case .cancelRequested: "cancelRequested"
        case .leafRevoked: "leafRevoked"
        case .higherEpochSeen: "higherEpochSeen"
        case .wake: "wake"
        }
    }
}

extension TargetHandover.Event: NamedEvent {
    static let kinds =
        [
            "redeemRequested", "redemptionAccepted", "redemptionRefused", "redemptionUnanswered", "sourceAnswered",
            "agentConnected", "agentCommitted", "agentDisconnected", "withdrawRequested", "higherEpochSeen", "wake",
        ] + NoticeType.allCases.map { "<\($0.rawValue)>" } + NoticeType.allCases.map { "refused \($0.rawValue)" }

    var kind: String {
        switch self {
        case .redeemRequested: "redeemRequested"
        case .redemptionAccepted: "redemptionAccepted"
        case .redemptionRefused: "redemptionRefused"
        case .redemptionUnanswered: "redemptionUnanswered"
        case .sourceAnswered: "sourceAnswered"
        case .agentConnected: "agentConnected"
        case .agentCommitted: "agentCommitted"
        case .agentDisconnected: "agentDisconnected"
        case .noticeReceived(let notice): "<\(notice.type.rawValue)>"
        case .noticeRefused(let type): "refused \(type.rawValue)"
        case .withdrawRequested: "withdrawRequested"
        case .higherEpochSeen: "higherEpochSeen"
        case .wake: "wake"
        }
    }
}

extension AgentEvent: NamedEvent {
    static let kinds =
        [
            "started", "opened", "answer", "answer with offer", "unavailable", "bad request", "nonsense", "send failed",
            "closed", "failed", "report changed", "config applied", "config failed", "stop",
        ] + AgentTimer.allCases.map { "woke \($0.rawValue)" }

    var kind: String {
        switch self {
        case .started: "started"
        case .opened: "opened"
        case .received(_, let message):
            switch message.errorResponse?.type {
            case .unavailable: "unavailable"
            case .badRequest, .unknown, .unrecognized: "bad request"
            case nil: message.connectionSettings == nil ? "answer" : "answer with offer"
            }
        case .receivedNonsense: "nonsense"
        case .sendFailed: "send failed"
        case .ended(_, .closed): "closed"
        case .ended(_, .failed): "failed"
        case .woke(let timer): "woke \(timer.rawValue)"
        case .reportChanged: "report changed"
        case .capabilitiesChanged: "capabilities"
        case .customMessage: "custom message"
        case .standbyVerified: "standby verified"
        case .connectionsApplied: "host applied"
        case .connectionsRejected: "host rejected"
        case .leafReplaced: "leaf replaced"
        case .remoteConfigApplied: "config applied"
        case .remoteConfigFailed: "config failed"
        case .stopRequested: "stop"
        case .saveFailed(let event): event.kind
        }
    }
}

extension Agent {
    static let phaseNames = [
        "idle", "idle*", "wait", "wait*", "wait~", "wait^", "dial", "dial*", "dial~", "dial^", "report", "report*",
        "report~", "report^", "online", "online~", "leave>", "leave>*", "leave>~", "leave>wait", "leave>wait*",
        "leave>wait~", "leave>wait^", "leave>stop", "leave>stop*", "leave>stop~", "leave>stop^", "stopped",
    ]

    /// As the agent's transition tables name it: `*` marks an offer's candidate, `^` the way back, `~` an active server
    /// on probation.
    var phaseName: String {
        func side(_ destination: Destination) -> String {
            let isOnProbation = state.probation != nil
            return switch (destination, state.candidate?.origin) {
            case (.active, _): isOnProbation ? "~" : ""
            case (.candidate, .offer), (.candidate, .standby): "*"
            case (.candidate, .probation): "^"
            case (.candidate, nil): isOnProbation ? "^" : "*"
            }
        }
        switch phase {
        case .idle: return "idle" + (state.candidate == nil ? "" : "*")
        case .waiting(let destination): return "wait" + side(destination)
        case .dialing(let line): return "dial" + side(line.destination)
        case .reporting(let line): return "report" + side(line.destination)
        case .online: return "online" + side(.active)
        case .leaving(_, .dial(let destination)): return "leave>" + side(destination)
        case .leaving(_, .wait(let destination, _)): return "leave>wait" + side(destination)
        case .leaving(let line, .stop): return "leave>stop" + side(line.destination)
        case .stopped: return "stopped"
        }
    }
}

extension Pair {
    /// Every event in every phase.
    static let all: [Pair] =
        pairs(.source, SourceHandover.Phase.allCases.map(\.rawValue), SourceHandover.Event.kinds)
        + pairs(.target, TargetHandover.Phase.allCases.map(\.rawValue), TargetHandover.Event.kinds)
        + pairs(.agent, Agent.phaseNames, AgentEvent.kinds)

    static func pairs(_ machine: Machine, _ phases: [String], _ events: [String]) -> [Pair] {
        phases.flatMap { phase in events.map { Pair(machine: machine, phase: phase, event: $0) } }
    }
}
