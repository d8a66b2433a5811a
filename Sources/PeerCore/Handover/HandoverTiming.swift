import Vocabulary

/// Every period of a handover that is not in its token.
public enum HandoverTiming {
    public static let defaultTimeToLive = Duration.seconds(3600)
    public static let defaultProbation = Duration.seconds(300)

    /// The agent verifies for at most 30 s; one that is back at the source after twice that has given up.
    public static let verification = Duration.seconds(60)
    /// How long a target waits for an agent it has redeemed.
    public static let arrival = Duration.seconds(24 * 3600)
    /// Between two attempts of a claim, and between two questions after the token's end.
    public static let claimRetry = Duration.seconds(5)
    public static let sourceQuestion = Duration.seconds(60)
}
