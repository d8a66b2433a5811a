import ServerCore

/// How a session ends: the first reason counts. The service gets it once, after it has processed every message of the
/// session.
struct SessionEnd {
    private var ending: SessionEnding?
    private var isTold = false

    var hasCome: Bool { ending != nil }

    /// Whether this is the reason that counts.
    mutating func come(_ ending: SessionEnding) -> Bool {
        guard self.ending == nil else { return false }
        self.ending = ending
        return true
    }

    /// The end that the service must receive now, if any.
    mutating func news(isBeingDecided: Bool) -> SessionEnding? {
        guard let ending, !isBeingDecided, !isTold else { return nil }
        isTold = true
        return ending
    }
}
