import BareClient

extension Bench {
    /// 2,000 agents lose their connections at once; another comes every 10 ms meanwhile and waits for its first answer.
    func measureEnding() async throws {
        let (count, newcomers) = (some(2000), some(200))
        let (loadTarget, agents) = try await fleet(count + newcomers)
        for _ in 0..<(isQuick ? 1 : 3) {
            report.add(
                .replyWhileEnding,
                try await onThread {
                    let crowd = try Load(loadTarget)
                    _ = try crowd.join(Array(agents.prefix(count)), over: .webSocket, atOnce: 100)
                    try loadTarget.waitUntilQuiet()
                    let load = try Load(loadTarget)
                    crowd.dropAll()
                    // At a pace of their own: whoever waits for the one before meets the server less the slower it is.
                    let took = try load.join(Array(agents.suffix(newcomers)), every: .milliseconds(10))
                    try loadTarget.waitUntilQuiet()
                    return took
                })
        }
    }
}
