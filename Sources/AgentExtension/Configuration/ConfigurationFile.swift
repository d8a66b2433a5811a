import AgentCore
public import DurableFiles
import HostSystem
import OpAMPProto
public import Vocabulary

extension HostConfiguration {
    /// Reads and validates a configuration file, and the files it names.
    public init(file path: String) throws(ConfigurationRefusal) {
        let bytes: [UInt8]?
        do {
            bytes = try OperatorFile.read(path, limit: YAML.sizeLimit)
        } catch {
            throw .unreadable(path: path, reason: error.operatorMessage.cause)
        }
        guard let bytes else { throw .unreadable(path: path, reason: "there is no such file.") }
        try self.init(yaml: bytes)
    }

    /// - Parameter bytes: the YAML text.
    public init(yaml bytes: [UInt8]) throws(ConfigurationRefusal) {
        try self.init(yaml: bytes, environment: EnvironmentVariable.text)
    }

    init(yaml bytes: [UInt8], environment: @escaping (String) -> String?) throws(ConfigurationRefusal) {
        let document: YAML
        do { document = try YAML(reading: bytes) } catch { throw .notYAML(reason: error.reason) }
        let file = try ConfigurationSection(
            document, path: "",
            keys: [
                "server", "tls", "headers", "instance_uid", "request_instance_uid", "capabilities", "agent_description",
                "storage", "handover", "standby", "config_sink", "bootstrap", "log", "limits", "proxy",
            ])
        let configured = try ServerConfiguration(file)
        let storage = try file.section("storage", keys: ["directory"])
        guard let directory = try storage?.text("directory") else { throw .missing("storage.directory") }
        self.init(server: configured.server, key: configured.key, stateDirectory: directory.content)
        certificateFiles = configured.certificateFiles
        proxy = try HostProxy(file, environment: environment)
        policy.minimumTLS = configured.server.settings.tls.minimum

        instanceUID = try file.value("instance_uid", expected: "a UUID in lower case") { InstanceUID($0) }
        requestsInstanceUID = try file.bool("request_instance_uid") ?? false
        guard instanceUID == nil || !requestsInstanceUID else {
            throw .badValue(
                "request_instance_uid", line: file.line(of: "request_instance_uid"),
                reason: "instance_uid says already which one the agent has")
        }
        sink = try SinkSettings(file)
        if sink != nil {
            capabilities.formUnion([.acceptsRemoteConfig, .reportsEffectiveConfig, .reportsRemoteConfig])
        }
        try readCapabilities(file)
        try readDescription(file)
        try readHandover(file)
        try readStandby(file)
        try readBootstrap(file)
        if let limits = try file.section(
            "limits", keys: ["received", "sent", "effective_config", "accept_headerless_messages"])
        {
            if try limits.bool("accept_headerless_messages") == true { messageLimits.frames = .headerless }
            messageLimits.received =
                try limits.size("received", in: MessageLimits.range) ?? messageLimits.received
            messageLimits.sent = try limits.size("sent", in: MessageLimits.range) ?? messageLimits.sent
            messageLimits.effectiveConfig =
                try limits.size("effective_config", in: MessageLimits.effectiveConfigRange)
                ?? messageLimits.effectiveConfig
        }
        if let log = try file.section("log", keys: ["level", "format"]) {
            logLevel =
                try log.value("level", expected: "debug, info, warning or error") {
                    AgentLogEntry.Level(rawValue: $0)
                } ?? logLevel
            logFormat = try log.value("format", expected: "text or json") { AgentLog.Format(rawValue: $0) } ?? logFormat
        }
    }

    /// The names of the supervisor's `capabilities`.
    private static let capabilityKeys: KeyValuePairs<String, AgentCapabilities> = [
        "accepts_opamp_connection_settings": .acceptsOpAMPConnectionSettings,
        "accepts_remote_config": .acceptsRemoteConfig,
        "accepts_restart_command": .acceptsRestartCommand,
        "reports_connection_settings_status": .reportsConnectionSettingsStatus,
        "reports_effective_config": .reportsEffectiveConfig,
        "reports_health": .reportsHealth,
        "reports_heartbeat": .reportsHeartbeat,
        "reports_remote_config": .reportsRemoteConfig,
    ]

    private mutating func readCapabilities(_ file: ConfigurationSection) throws(ConfigurationRefusal) {
        let keys = Self.capabilityKeys
        guard let section = try file.section("capabilities", keys: keys.map(\.key)) else { return }
        for (key, capability) in keys {
            guard let isOn = try section.bool(key) else { continue }
            if isOn { capabilities.insert(capability) } else { capabilities.remove(capability) }
        }
        if capabilities.contains(.acceptsRemoteConfig), sink == nil {
            throw .badValue(
                section.name("accepts_remote_config"), line: section.line(of: "accepts_remote_config"),
                reason: "a remote configuration needs config_sink.path to go to")
        }
    }

    private mutating func readDescription(_ file: ConfigurationSection) throws(ConfigurationRefusal) {
        let section = try file.section(
            "agent_description", keys: ["identifying_attributes", "non_identifying_attributes"])
        var identifying = try section?.attributes("identifying_attributes") ?? []
        if !identifying.contains(where: { $0.key == "service.name" }) {
            identifying.insert(KeyValue(key: "service.name", value: .string("opamp-agent")), at: 0)
        }
        report.description =
            AgentDescription(
                identifyingAttributes: identifying,
                nonIdentifyingAttributes: try section?.attributes("non_identifying_attributes") ?? []
            ).withInstanceID
    }

    private mutating func readHandover(_ file: ConfigurationSection) throws(ConfigurationRefusal) {
        guard
            let section = try file.section(
                "handover",
                keys: [
                    "require_token", "allowed_endpoints", "absent_certificate", "verification_timeout", "probation",
                    "min_tls_version", "token_signers_file", "allow_plaintext", "allow_skip_verify",
                    "accept_offered_keys",
                ])
        else { return }
        policy.requiresToken =
            try section.value("require_token", expected: "auto, always or never") {
                OfferPolicy.TokenRule(rawValue: $0)
            } ?? policy.requiresToken
        policy.absentCertificate =
            try section.value("absent_certificate", expected: "keep or drop") {
                OfferPolicy.AbsentCertificate(rawValue: $0)
            } ?? policy.absentCertificate
        let floor = try section.value("min_tls_version", expected: "\"1.2\" or \"1.3\"") {
            TLSVersion(rawValue: $0)
        }
        // What the operator demands of the first server is demanded of every other.
        policy.minimumTLS = max(floor ?? policy.minimumTLS, policy.minimumTLS)
        policy.allowsLeavingTLS = try section.bool("allow_plaintext") ?? policy.allowsLeavingTLS
        policy.allowsSkippingVerification = try section.bool("allow_skip_verify") ?? policy.allowsSkippingVerification
        policy.acceptsOfferedKeys = try section.bool("accept_offered_keys") ?? policy.acceptsOfferedKeys
        if let patterns = try section.texts("allowed_endpoints") {
            var allowed: [EndpointPattern] = []
            for pattern in patterns {
                guard let read = EndpointPattern(pattern.content) else {
                    throw .wrongForm(
                        section.name("allowed_endpoints"), line: pattern.line,
                        expected: "host, host:port or *.domain, without scheme and path")
                }
                allowed.append(read)
            }
            policy.allowedEndpoints = allowed
        }
        timings.verification =
            try section.duration("verification_timeout", in: .seconds(1)...(.seconds(600)))
            ?? timings.verification
        timings.probation = try section.duration("probation", in: .seconds(1)...(.seconds(86_400))) ?? timings.probation
        server.tokenSigners = try section.tokenSigners("token_signers_file")
    }

    private mutating func readStandby(_ file: ConfigurationSection) throws(ConfigurationRefusal) {
        guard let section = try file.section("standby", keys: ["enabled", "after", "spread", "check_interval"]) else {
            return
        }
        var standby = StandbyPolicy()
        standby.after = try section.duration("after", in: .seconds(10)...(.seconds(86_400))) ?? standby.after
        standby.checkInterval =
            try section.duration("check_interval", in: .seconds(60)...(.seconds(86_400))) ?? standby.checkInterval
        standby.spread =
            try section.value("spread", expected: "whole percent from 0 to 100, such as 10%") { text in
                Int(text.hasSuffix("%") ? String(text.dropLast()) : text).flatMap { (0...100).contains($0) ? $0 : nil }
            } ?? standby.spread
        guard try section.bool("enabled") ?? true else { return }
        self.standby = standby
    }

    private mutating func readBootstrap(_ file: ConfigurationSection) throws(ConfigurationRefusal) {
        guard let section = try file.section("bootstrap", keys: ["token_file"]),
            let path = try section.text("token_file")
        else { return }
        do {
            // An operator may remove it once it is used.
            bootstrapToken = try Secret(tokenFile: path.content)
        } catch {
            throw .badFile(
                section.name("token_file"), line: path.line, path: path.content, reason: error.operatorMessage.cause,
                nextAction: error.operatorMessage.nextAction)
        }
    }
}

extension AgentDescription {
    /// With the attribute in which the core puts the present instance_uid, whatever stood there.
    var withInstanceID: AgentDescription {
        var description = self
        description.identifyingAttributes.removeAll { $0.key == "service.instance.id" }
        description.identifyingAttributes.append(KeyValue(key: "service.instance.id", value: .string("")))
        return description
    }
}

extension Secret {
    /// The token in a file that only its owner may read; `nil` if there is no file or nothing in it.
    public init?(tokenFile path: String) throws(FileFailure) {
        guard let bytes = try OperatorFile.read(path, limit: 4096, mode: .private) else { return nil }
        self.init(tokenText: String(decoding: bytes, as: UTF8.self))
    }

    /// The first line that is not blank, without the white space around it and without a byte order mark.
    public init?(tokenText text: String) {
        let lines = text.split(whereSeparator: \.isNewline)
        let token = lines.lazy.map { $0.drop(while: Self.isNoToken).reversed().drop(while: Self.isNoToken) }
            .first { !$0.isEmpty }
        guard let token else { return nil }
        self.init(String(token.reversed()))
    }

    private static func isNoToken(_ character: Character) -> Bool {
        character.isWhitespace || character == "\u{FEFF}"
    }
}
