/// A journey or a failure that is rehearsed with real processes.
public struct Drill: Sendable {
    /// As the command line takes it.
    public let name: String
    /// What happens and what must come of it, in one line.
    public let summary: String
    /// It needs the offer to be on its way to the agent before the agent asks, which a poll does not allow.
    public let needsOpenLine: Bool
    let act: @MainActor @Sendable (DrillRun) async throws -> Void

    init(
        _ name: String, _ summary: String, needsOpenLine: Bool = false,
        _ act: @escaping @MainActor @Sendable (DrillRun) async throws -> Void
    ) {
        self.needsOpenLine = needsOpenLine
        self.name = name
        self.summary = summary
        self.act = act
    }

    /// In the order in which `all` runs them.
    public static let all: [Drill] = [
        .thereAndBack,
        .targetUnreachable, .untrustedTarget, .targetRefusesLeaf,
        .staleFingerprint, .missingConfiguration, .expiredToken, .replayedToken, .wrongPeer,
        .sourceDiesAfterOffer, .targetRestartsBeforeArrival, .authorityRotates, .killedWhileMoving,
    ]

    public static func named(_ name: String) -> Drill? { all.first { $0.name == name } }
}
