import AgentExtension
import HostSystem
import Vocabulary

extension Command {
    static let status = Command(
        name: "status", summary: "show the agent's identity and its server",
        details: "Reads the state directory and changes nothing. The agent can be running.",
        options: [.config, .json]
    ) { options in
        let status = try AgentStatus(of: HostConfiguration(options: options))
        StandardStream.output.write(line: options.has("--json") ? status.json.description : status.text)
        return .done
    }

    static let check = Command(
        name: "check", summary: "check the configuration and the server it names",
        details: """
            Validates the file, connects with TLS and HTTP as the agent would, without an OpAMP message, and shows what
            was verified and how. It reads the state directory if there is one, and never writes to it.
            """,
        options: [.config, .json]
    ) { options in
        let report = try await ConnectionCheck(HostConfiguration(options: options)).run()
        StandardStream.output.write(line: options.has("--json") ? report.json.description : report.text)
        return report.isGood ? .done : .serverNotReached
    }

    static let reset = Command(
        name: "reset", summary: "delete all handover state and start at the configured server",
        details: """
            Removes the connection and everything adopted since the first start. It keeps the private key and the
            instance_uid. It removes the certificate, so the agent must enroll again unless the file names one. Stop the
            agent first.
            """,
        options: [.config, Option(name: "--yes", takes: nil, help: "required, because a reset cannot be undone")]
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
        guard let format = AgentLog.Format(rawValue: text) else {
            throw UsageRefusal("--log-format must be text or json")
        }
        logFormat = format
    }
}
