import BareClient

extension Bench {
    /// 2,000 agents lose their connections at once; others come meanwhile, one after the other, and wait for their first
    /// answer.
    func measureEnding() async throws {
        let (count, newcomers) = (some(2000), some(200))
        let (door, agents) = try await fleet(count + newcomers)
        for _ in 0..<(isQuick ? 1 : 3) {
            report.add(
                .replyWhileEnding,
                try await onThread {
                    let crowd = try Load(door)
                    _ = try crowd.join(Array(agents.prefix(count)), over: .webSocket, atOnce: 100)
                    try door.waitUntilQuiet()
                    let load = try Load(door)
                    crowd.dropAll()
                    let took = try agents.suffix(newcomers).map { agent in
                        let (lines, took) = try load.join([agent])
                        load.close(lines)
                        return took[0]
                    }
                    try door.waitUntilQuiet()
                    return took
                })
        }
    }
}
