import BareClient

extension Bench {
    /// What a server spends on a connect, a heartbeat and a poll, and how many messages it answers: the bare one and the
    /// product in turn.
    func measureCPU() async throws {
        let product = try await fleet(200)
        // One round of each before anything counts.
        for round in 0...5 {
            for (loadTarget, agents) in [(bare.loadTarget, bare.agents), product] {
                let cost = try await onThread { [isQuick] in try ServerCost(of: loadTarget, agents, isQuick: isQuick) }
                guard round > 0 else { continue }
                report.add(loadTarget.isBare ? .bareConnectCPU : .connectCPU, [cost.connect])
                report.add(loadTarget.isBare ? .bareMessageCPU : .heartbeatCPU, [cost.message])
                report.add(loadTarget.isBare ? .barePollCPU : .pollCPU, [cost.poll])
                report.add(loadTarget.isBare ? .bareMessages : .messages, [cost.messagesPerSecond])
            }
        }
    }
}

/// Microseconds of the server's CPU time for one of each.
private struct ServerCost: Sendable {
    var connect: Double
    var message: Double
    var poll: Double
    var messagesPerSecond: Double

    init(of loadTarget: LoadTarget, _ agents: [BenchAgent], isQuick: Bool) throws {
        let connects = isQuick ? 20 : 200
        connect =
            try loadTarget.cpu {
                let load = try Load(loadTarget)
                for index in 0..<connects { load.close(try load.join([agents[index % agents.count]]).lines) }
            } / Double(connects)

        let each = isQuick ? 10 : 100
        let load = try Load(loadTarget)
        let lines = try load.join(agents, over: .webSocket, atOnce: 50)
        var took = Duration.zero
        message = try loadTarget.cpu { took = try load.exchange(each, on: lines) } / Double(each * lines.count)
        messagesPerSecond = Double(each * lines.count) / (took / .seconds(1))
        load.close(lines)

        let polls = isQuick ? 100 : 1000
        let pollers = try load.join(Array(agents.prefix(10)), over: .poll, atOnce: 10)
        poll = try loadTarget.cpu { _ = try load.exchange(polls / 10, on: pollers) } / Double(polls)
        load.close(pollers)
    }
}
