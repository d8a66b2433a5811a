package import Vocabulary

/// Admits one audit entry for each subject in each interval, so that strangers cannot fill the audit trail.
package struct AuditThrottle: Hashable, Sendable {
    /// When each subject was last written down.
    private var written: [String: Timestamp] = [:]

    static let interval = Duration.seconds(1)
    /// Above this many subjects in one interval, further ones share an entry.
    static let subjects = 1024

    package init() {}

    /// Whether an entry about this subject is due; if so, the entry counts as written.
    ///
    /// Only written entries set the time: a caller who never pauses is written down in each interval.
    package mutating func admits(_ subject: String, at now: Timestamp) -> Bool {
        if written[subject] == nil, written.count >= Self.subjects {
            written = written.filter { Self.isRecent($0.value, at: now) }
        }
        let key = written[subject] != nil || written.count < Self.subjects ? subject : "others"
        if let last = written[key], Self.isRecent(last, at: now) { return false }
        written[key] = now
        return true
    }

    /// A time in the future is that of a clock that was set back, and says nothing.
    private static func isRecent(_ time: Timestamp, at now: Timestamp) -> Bool { time <= now && now - time < interval }
}
