/// The periods of a handover that its token does not name. Each handover keeps the ones it began with.
package struct HandoverTiming: Hashable, Sendable {
    /// How long a target waits for an agent it has redeemed.
    package var arrival = Self.defaultArrival
    /// After that time an agent that is back at the source has given up.
    package var verification = Self.defaultVerification

    package init() {}

    package static let defaultTimeToLive = Duration.seconds(3600)
    package static let defaultProbation = Duration.seconds(300)
    package static let defaultArrival = Duration.seconds(24 * 3600)
    /// Twice the 30 s for which an agent verifies at most. A target gives a trial as long.
    package static let defaultVerification = Duration.seconds(60)

    /// One heartbeat: an agent whose commitment cannot be read from its reports has committed when it is still here.
    package static let silence = Duration.seconds(30)
    /// For so long a session may be held that its agent has left without a word: polls may be 300 s apart, and a
    /// connection that answers no ping ends sooner.
    package static let lingering = Duration.seconds(360)
    /// Between two attempts of a claim, and between two questions after the token's end.
    package static let redemptionRetry = Duration.seconds(5)
    package static let sourceQuestion = Duration.seconds(60)
}
