internal import Glibc
internal import Synchronization

/// Named places at which a crash test stops the process, as a power cut would. Release builds have none, unless they
/// are built with `-D CRASH_POINTS`.
///
/// With `OPAMP_CRASH_AT=name` in its environment the process kills itself when it reaches the point for the first
/// time, with `name#n` for the n-th time.
public enum CrashPoint {
    /// The steps of one durable write, in their order.
    enum Step: String, CaseIterable {
        case beforeTemp = "before-temp"
        case tempSynced = "temp-synced"
        /// Only a `StateFile` that has a generation to keep gets here.
        case previousKept = "previous-kept"
        case renamed
        case directorySynced = "directory-synced"
    }

    /// Every point that a durable write with this label passes; the first save of a `StateFile` and a plain
    /// `AtomicFile` pass by `previous-kept`.
    public static func names(label: String) -> [String] {
        Step.allCases.map { name(label, $0) }
    }

    public static func reach(_ name: String) {
        #if DEBUG || CRASH_POINTS
            guard let armed, armed.name == name else { return }
            if timesReached.add(1, ordering: .sequentiallyConsistent).newValue == armed.time {
                kill(getpid(), SIGKILL)
            }
        #endif
    }

    static func reach(_ label: String?, _ step: Step) {
        if let label { reach(name(label, step)) }
    }

    private static func name(_ label: String, _ step: Step) -> String { "\(label).\(step.rawValue)" }

    #if DEBUG || CRASH_POINTS
        private static let timesReached = Atomic<Int>(0)
        private static let armed: (name: String, time: Int)? = {
            guard let value = unsafe getenv("OPAMP_CRASH_AT") else { return nil }
            let parts = unsafe String(cString: value).split(separator: "#", maxSplits: 1)
            guard let name = parts.first else { return nil }
            return (String(name), parts.count == 2 ? Int(parts[1]) ?? 1 : 1)
        }()
    #endif
}
