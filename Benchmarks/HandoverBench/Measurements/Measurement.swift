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
    case polls
    case idle
    case health
    case restart

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
        case .polls: [.barePollClientCPU, .agentPollCPU]
        case .idle: [.idleResident, .idleAnonymous, .idleWakeUps]
        case .health: [.healthCPU]
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
        case .polls: try await bench.measurePolls()
        case .idle: try await bench.measureIdle()
        case .health: try await bench.measureHealth()
        case .restart: try await bench.measureRestart()
        }
    }
}
