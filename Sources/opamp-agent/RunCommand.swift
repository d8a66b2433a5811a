import AgentCore
import AgentExtension
import HostSystem
import OpAMPProto
import Vocabulary

extension Command {
    static let run = Command(
        name: "run", summary: "connect and stay connected until SIGTERM or SIGINT",
        details: """
            Runs in the foreground and logs to standard error. On SIGTERM or SIGINT the agent disconnects from its server
            and the program ends with 0; a second signal ends it at once. On SIGHUP it reads cert_file and
            key_file of tls and of proxy.tls again.
            """,
        options: [.config, .logFormat], takesLeave: true
    ) { options in
        let configuration = try HostConfiguration(options: options)
        let agent = try AgentExtension.start(configuration)
        let ending = Ending(agent)
        try ProgramSignal.onEach { signal in
            Task {
                switch signal {
                case .end: await ending.signalled()
                case .reload: await agent.reloadCertificate()
                }
            }
        }
        await agent.setHealth(
            ComponentHealth(
                healthy: true, startTimeUnixNano: UInt64(clamping: WallClock.now().milliseconds) * 1_000_000,
                status: "running"))
        for await news in agent.news where news.event == .restartRequested { await ending.restart() }
        await agent.waitUntilStopped()
        return await ending.code
    }
}

/// Why the daemon ends.
private actor Ending {
    private let agent: AgentExtension
    private var signals = 0
    private(set) var code = ExitCode.done

    init(_ agent: AgentExtension) { self.agent = agent }

    func signalled() async {
        signals += 1
        if signals == 1 { await agent.stop() } else { end(with: .interrupted) }
    }

    func restart() {
        code = .restartRequested
        Task { await agent.stop() }
    }
}
