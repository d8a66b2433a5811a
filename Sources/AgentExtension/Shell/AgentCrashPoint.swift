import AgentCore
import DurableFiles

/// The places at which a crash test may end the process, beside those of the files themselves.
public enum AgentCrashPoint: String, CaseIterable, Sendable {
    /// A step wants something saved and nothing is yet.
    case decided = "step.decided"
    /// It is saved and nothing is done yet.
    case saved = "step.saved"
    case opened = "directive.open"
    case sent = "directive.send"
    case closed = "directive.close"
    case dropped = "directive.drop"

    /// Every name that `OPAMP_CRASH_AT` takes.
    public static var allNames: [String] {
        StateDirectory.File.allCases.flatMap { file in
            CrashPoint.names(label: file.rawValue).filter { file.keepsPrevious || !$0.hasSuffix("previous-kept") }
        } + allCases.map(\.rawValue)
    }

    static func reach(_ point: Self) { CrashPoint.reach(point.rawValue) }

    static func reach(after directive: AgentDirective) {
        switch directive {
        case .open: reach(.opened)
        case .send: reach(.sent)
        case .close: reach(.closed)
        case .drop: reach(.dropped)
        case .verify, .setTimer, .cancelTimer, .applyRemoteConfig, .applyConnections, .deliver, .finish: break
        }
    }
}
