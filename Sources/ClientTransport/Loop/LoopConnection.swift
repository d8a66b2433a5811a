/// A connection that the loop keeps alive, from the dial to its end.
protocol LoopConnection: AnyObject {
    var evidence: DialEvidence { get set }

    /// Ends it, and says so with that reason.
    func abandon(_ reason: String)
}
