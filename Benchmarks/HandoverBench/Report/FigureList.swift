extension Figure {
    /// Every figure with its target, in the order of the table.
    static let all: [Figure] = [
        Figure(.save, "yardstick: one agent save (write, fsync, rename, fsync of the folder)", "ms"),
        Figure(.commit, "yardstick: one commit of SQLite, synced", "ms"),
        Figure(.connect, "yardstick: bare connect, TLS 1.3, upgrade, one message with one commit", "ms"),
        Figure(.connectCrowd, "yardstick: 200 bare connects at once, until the last answer", "ms"),
        Figure(.echo, "yardstick: bare echo, WebSocket", "ms"),
        Figure(.pollEcho, "yardstick: bare echo, kept-alive POST", "ms"),
        Figure(.sign, "yardstick: one raw ECDSA signature", "us"),
        Figure(.verify, "yardstick: one raw ECDSA verification", "us"),
        Figure(.bareConnectCPU, "yardstick: bare server's CPU of a connect with one commit", "us"),
        Figure(.bareMessageCPU, "yardstick: bare server's CPU of an echo, 200 connections", "us"),
        Figure(.barePollCPU, "yardstick: bare server's CPU of a kept-alive POST", "us"),
        Figure(.bareMessages, "yardstick: bare echoes over 200 connections", "1/s"),

        Figure(
            .handover, "one handover: offer at the agent -> first message accepted, commit included", "ms",
            .atMost(1.4, times: .connect, .save)),
        Figure(
            .handoverAbsolute, "the same where a save costs 0.7 ms", "ms",
            .atMost(5, given: Condition(name: .save, limit: 0.75), stretch: "4 ms")),
        Figure(.sourceCommits, "commits on the source, redeemed -> moved", "commits", .atMost(4, by: .max)),
        Figure(.targetCommits, "commits on the target, redeeming -> arrived", "commits", .atMost(4, by: .max)),
        Figure(
            .handoverCrowd, "200 agents let go in the same instant -> last first message", "ms",
            .atMost(1.6, times: .connectCrowd, stretch: "300 ms")),
        Figure(.redemptionsByOne, "redemptions, one operator in a closed loop", "1/s", .atLeast(150)),
        Figure(.redemptionsBySixteen, "redemptions, 16 operators in a closed loop", "1/s", .atLeast(400)),
        Figure(.bulkArrival, "1,000 agents redeemed at 200/s -> all arrived", "s", .atMost(8)),
        Figure(.bulkStuck, "agents of the 1,000 that did not arrive within a minute", "agents", .atMost(0, by: .max)),

        Figure(.connectCPU, "server CPU of a connect with first report", "us", .atMost(1.4, times: .bareConnectCPU)),
        Figure(.heartbeatCPU, "server CPU of a heartbeat, 200 connections", "us", .atMost(1.5, times: .bareMessageCPU)),
        Figure(.pollCPU, "server CPU of a kept-alive poll", "us", .atMost(2.5, times: .barePollCPU)),
        Figure(.messages, "messages over 200 connections", "1/s", .atLeast(0.7, times: .bareMessages)),
        Figure(.memory200, "memory of a connected agent, 200 over WebSocket", "KiB", .atMost(40, stretch: "32 KiB")),
        Figure(.memory2000, "memory of a connected agent, 2,000 over WebSocket", "KiB", .atMost(40, stretch: "32 KiB")),
        Figure(.pollMemory200, "memory of a connected agent, 200 polling", "KiB", .atMost(66)),
        Figure(.pollMemory2000, "memory of a connected agent, 2,000 polling", "KiB", .atMost(66)),
        Figure(.memoryKept, "memory kept after 2,000 have come and gone", "MB", .atMost(10)),
        Figure(.replyWhileEnding, "first reply to a newcomer while 2,000 sessions end", "ms", .atMost(100, by: .p99)),
        Figure(.largeReports, "an agent that reports its cap each time: p99 it costs another writer", "ms", .atMost(5)),
        Figure(.tokenIssue, "token: issue", "us", .atMost(1.3, times: .sign)),
        Figure(.tokenVerify, "token: verify", "us", .atMost(1.3, times: .verify)),
        Figure(
            .raceTwice, "64 clients race, server killed: tokens redeemed more than once", "tokens", .atMost(0, by: .max)
        ),
        Figure(.raceNever, "the same: tokens never redeemed", "tokens", .atMost(0, by: .max)),

        Figure(.scriptedConnect, "yardstick: bare connect to a scripted server, one message answered", "ms"),
        Figure(.bareHandshakeCPU, "yardstick: bare client's CPU of a mutual handshake", "us"),
        Figure(
            .agentHandover, "one handover between scripted servers: offer sent -> first report answered", "ms",
            .atMost(1.3, times: .scriptedConnect, .save)),
        Figure(
            .agentHandoverCPU, "the same: the agent's CPU, until it has said that it stays", "us",
            .atMost(1.5, times: .bareHandshakeCPU)),
        Figure(.bareSessionResident, "yardstick: bare session of libwebsockets: resident memory", "MB"),
        Figure(.bareSessionAnonymous, "the same: anonymous memory", "MB"),
        Figure(
            .idleResident, "idle opamp-agent, one mTLS session: resident memory", "MB",
            .atMost(1.1, times: .bareSessionResident)),
        Figure(.idleAnonymous, "the same: anonymous memory", "MB", .atMost(2)),
        Figure(.idleWakeUps, "the same: wake-ups of its threads", "1/s", .atMost(0.7)),
        Figure(.agentSize, "opamp-agent, stripped, with the Swift runtime", "MB", .atMost(11)),
        Figure(.healthCPU, "10,000 health changes 1 ms apart through the library: CPU", "s", .atMost(1.5)),
        Figure(.barePollClientCPU, "yardstick: bare client's CPU of a kept-alive POST, 100 connections", "ms"),
        Figure(.agentPollCPU, "agents' CPU of a kept-alive poll, 100 agents x 10 polls", "ms", .atMost(0.8)),
        Figure(.agentPollConnections, "the same: connections since the agents started", "connections"),
        Figure(.manyThreads, "1,000 agents in one process: threads", "threads", .atMost(4)),
        Figure(.manyDescriptors, "the same: open files of an agent", "files", .atMost(3)),
        Figure(.manyMemory, "the same: resident memory of an agent", "KiB"),
        Figure(
            .restartDials, "200 agents whose server restarts: most dials in a second", "dials", .atMost(40, by: .max)),
        Figure(.restartBack, "the same: until all are back", "s", .atMost(30, by: .max)),
    ]
}
