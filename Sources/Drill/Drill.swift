/// A journey or a failure that is rehearsed with real processes.
package struct Drill: Sendable {
    /// As the command line takes it.
    package let name: String
    /// What happens and what must come of it, in one line.
    package let summary: String
    private let required: Set<Law>
    let act: @MainActor @Sendable (DrillRun) async throws -> Void

    init(
        _ name: String, _ summary: String, showing required: Set<Law>,
        _ act: @escaping @MainActor @Sendable (DrillRun) async throws -> Void
    ) {
        self.required = required
        self.name = name
        self.summary = summary
        self.act = act
    }

    /// The laws that it has to show; one of them not observed is a failure.
    ///
    /// A connection over HTTP is there for a moment only, so that nobody can promise to see one open.
    func required(over transport: AgentProcess.Transport) -> Set<Law> {
        transport == .http ? required.subtracting([.a4]) : required
    }

    /// In the order in which `all` runs them.
    package static let all: [Drill] = [
        .thereAndBack,
        .targetUnreachable, .untrustedTarget, .targetRefusesLeaf,
        .staleFingerprint, .missingConfiguration, .expiredToken, .replayedToken, .wrongPeer,
        .sourceDiesAfterOffer, .targetRestartsBeforeArrival, .authorityRotates, .authorityRotatesAfterArrival,
        .renewalAnswerLost, .politeRestartWhilePolling, .copiedAgent, .thirdPeer, .listenerOfAnotherAuthority,
        .stateFromBeforeRotation, .balancerInFront, .tokenRevokedWhileAway,
        .clockWasAhead, .largeReport, .killedWhileMoving, .serversKilled,
    ]

    package static func named(_ name: String) -> Drill? { all.first { $0.name == name } }
}

extension Set<Law> {
    /// A handover under way can show all of these, whatever becomes of it.
    private static let anyMove: Self = [.a1, .a3, .a4, .a5, .t1, .t2, .t3, .t4, .t5, .t7, .t8, .t9, .t10]
    /// An agent arrives.
    static let arrival = anyMove.union([.a2, .t6])
    /// An agent is back where it came from, and arrives with another handover.
    static let returnAndArrival = arrival.union([.a7])
    /// An agent is tempted to verify less, and is back where it came from.
    static let temptation = anyMove.union([.a6, .a7])
}
