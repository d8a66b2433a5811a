/// What can be measured by itself. Each takes the yardsticks of its targets in between its own rounds.
enum Measurement: String, CaseIterable {
    case yardsticks
    case handover
    case crowd
    case redemptions
    case bulk
    case cpu
    case memory
    case ending
    case large
    case tokens
    case race
    case agentHandover = "agent-handover"
    case idle
    case size
    case health
    case polls
    case many
    case restart

    /// Of servers, and of handovers between them.
    static let ofServers = allCases.filter { !ofAgents.contains($0) }
    static let ofAgents: [Self] = [.agentHandover, .idle, .size, .health, .polls, .many, .restart]

    var figures: [Figure.Name] {
        switch self {
        case .yardsticks: [.save, .commit, .connect, .connectCrowd, .echo, .pollEcho]
        case .handover: [.save, .connect, .handover, .handoverAbsolute, .sourceCommits, .targetCommits]
        case .crowd: [.connectCrowd, .handoverCrowd]
        case .redemptions: [.redemptionsByOne, .redemptionsBySixteen]
        case .bulk: [.bulkArrival, .bulkStuck]
        case .cpu:
            [
                .bareConnectCPU, .bareMessageCPU, .barePollCPU, .bareMessages, .connectCPU, .heartbeatCPU, .pollCPU,
                .messages,
            ]
        case .memory: [.memory200, .memory2000, .pollMemory200, .pollMemory2000, .memoryKept]
        case .ending: [.replyWhileEnding]
        case .large: [.largeReports]
        case .tokens: [.sign, .verify, .tokenIssue, .tokenVerify]
        case .race: [.raceTwice, .raceNever]
        case .agentHandover: [.save, .scriptedConnect, .bareHandshakeCPU, .agentHandover, .agentHandoverCPU]
        case .idle: [.bareSessionResident, .bareSessionAnonymous, .idleResident, .idleAnonymous, .idleWakeUps]
        case .size: [.agentSize]
        case .health: [.healthCPU]
        case .polls: [.barePollClientCPU, .agentPollCPU, .agentPollConnections]
        case .many: [.manyThreads, .manyDescriptors, .manyMemory]
        case .restart: [.restartDials, .restartBack]
        }
    }

    @MainActor func run(on bench: Bench) async throws {
        switch self {
        case .yardsticks: try await bench.measureYardsticks()
        case .handover: try await bench.measureHandover()
        case .crowd: try await bench.measureCrowd()
        case .redemptions: try await bench.measureRedemptions()
        case .bulk: try await bench.measureBulk()
        case .cpu: try await bench.measureCPU()
        case .memory: try await bench.measureMemory()
        case .ending: try await bench.measureEnding()
        case .large: try await bench.measureLargeReports()
        case .tokens: try bench.measureTokens()
        case .race: try await bench.measureRace()
        case .agentHandover: try await bench.measureAgentHandover()
        case .idle: try await bench.measureIdle()
        case .size: try await bench.measureSize()
        case .health: try await bench.measureHealth()
        case .polls: try await bench.measurePolls()
        case .many: try await bench.measureMany()
        case .restart: try await bench.measureRestart()
        }
    }
}
