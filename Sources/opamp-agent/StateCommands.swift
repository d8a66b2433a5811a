import AgentExtension
import HostSystem
import Vocabulary

extension Command {
    static let status = Command(
        name: "status", summary: "say who the agent is and where it belongs",
        details: "Reads the state directory and changes nothing; the agent may run meanwhile.",
        options: [.config, .json]
    ) { options in
        let status = try AgentStatus(of: HostConfiguration(options: options))
        StandardStream.output.write(line: options.has("--json") ? status.json.description : status.text)
        return .done
    }

    static let check = Command(
        name: "check", summary: "check the configuration and the server it names",
        details: """
            Validates the file, connects with TLS and HTTP as the agent would, without an OpAMP message, and says what
            was verified and how. The state directory is read if it is there and never written.
            """,
        options: [.config, .json]
    ) { options in
        let report = try await ConnectionCheck(HostConfiguration(options: options)).run()
        StandardStream.output.write(line: options.has("--json") ? report.json.description : report.text)
        return report.isGood ? .done : .serverNotReached
    }

    static let reset = Command(
        name: "reset", summary: "forget every handover and begin at the configured server",
        details: """
            Removes the connection with everything adopted since the first start. The private key and the instance_uid
            stay; the certificate goes, so the agent has to enroll again, unless the file names one. The agent must not
            be running.
            """,
        options: [.config, Option(name: "--yes", takes: nil, help: "needed, since nothing of it can be undone")]
    ) { options in
        guard options.has("--yes") else { throw UsageRefusal("nothing was changed: --yes is missing") }
        let configuration = try HostConfiguration(options: options)
        try StateReset.carryOut(in: configuration.stateDirectory)
        StandardStream.output.write(line: "\(configuration.stateDirectory) is reset")
        return .done
    }

    static let crashPoints = Command(
        name: "crash-points", summary: "list where OPAMP_CRASH_AT can stop a debug build", details: "For tests.",
        options: [], isHidden: true
    ) { _ in
        for name in AgentCrashPoint.allNames { StandardStream.output.write(line: name) }
        return .done
    }
}

extension HostConfiguration {
    init(options: Options) throws {
        try self.init(file: options.required("--config"))
        guard let text = options["--log-format"] else { return }
        guard let format = AgentLog.Format(rawValue: text) else { throw UsageRefusal("--log-format is text or json") }
        logFormat = format
    }
}
