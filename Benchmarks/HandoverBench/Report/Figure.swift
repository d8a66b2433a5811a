/// One line of the table: what is measured, in which unit, and what it has to reach.
struct Figure: Hashable, Sendable {
    enum Name: String, CaseIterable, Hashable, Sendable {
        case save, commit, connect, connectCrowd, echo, pollEcho, sign, verify
        case bareConnectCPU, bareMessageCPU, barePollCPU, bareMessages
        case connectCPU, heartbeatCPU, pollCPU, messages
        case memory200, memory2000, pollMemory200, pollMemory2000, memoryKept
        case replyWhileEnding, largeReports
        case handover, handoverAbsolute, sourceCommits, targetCommits
        case handoverCrowd, redemptionsByOne, redemptionsBySixteen
        case bulkArrival, bulkStuck
        case tokenIssue, tokenVerify
        case raceTwice, raceNever
        case scriptedConnect, bareHandshakeCPU, agentHandover, agentHandoverCPU
        case bareSessionResident, bareSessionAnonymous, idleResident, idleAnonymous, idleWakeUps
        case agentSize
        case healthCPU
        case barePollClientCPU, agentPollCPU, agentPollConnections
        case manyThreads, manyDescriptors, manyMemory
        case restartDials, restartBack
    }

    enum Statistic: String, Hashable, Sendable {
        case median, p99, max

        func value(of statistics: Statistics) -> Double {
            switch self {
            case .median: statistics.median
            case .p99: statistics.p99
            case .max: statistics.max
            }
        }
    }

    /// A bound, absolute or in terms of yardsticks: `factor` times the sum of their medians.
    struct Target: Hashable, Sendable {
        var statistic: Statistic
        var isCeiling: Bool
        var factor: Double
        var yardsticks: [Name]
        /// Holds only on a machine where the median of this figure is at most so much.
        var given: Condition?
        var stretch: String?
    }

    struct Condition: Hashable, Sendable {
        var name: Name
        var limit: Double
    }

    var name: Name
    var title: String
    var unit: String
    var target: Target?

    init(_ name: Name, _ title: String, _ unit: String, _ target: Target? = nil) {
        (self.name, self.title, self.unit, self.target) = (name, title, unit, target)
    }
}

extension Figure.Target {
    static func atMost(
        _ factor: Double, times yardsticks: Figure.Name..., by statistic: Figure.Statistic = .median,
        given: Figure.Condition? = nil, stretch: String? = nil
    ) -> Self {
        Self(
            statistic: statistic, isCeiling: true, factor: factor, yardsticks: yardsticks, given: given,
            stretch: stretch)
    }

    static func atLeast(_ factor: Double, times yardsticks: Figure.Name...) -> Self {
        Self(statistic: .median, isCeiling: false, factor: factor, yardsticks: yardsticks)
    }
}
