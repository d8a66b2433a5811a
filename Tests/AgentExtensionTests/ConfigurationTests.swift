import AgentCore
import Certificates
import Foundation
import OpAMPProto
import ScriptedOpAMPServer
import ScriptedServer
import TestPKI
import Testing
import Vocabulary

@testable import AgentExtension

@Suite struct ConfigurationTests {
    static let smallest = """
        server:
          endpoint: wss://eu.example:4320/v1/opamp
        storage:
          directory: /var/lib/agent

        """

    @Test func `the smallest file is a server and a directory`() throws {
        let read = try HostConfiguration(yaml: Array(Self.smallest.utf8))
        #expect(read.server.settings.endpoint.description == "wss://eu.example:4320/v1/opamp")
        #expect(read.server.settings.trust.includesSystemRoots)
        #expect(!read.server.settings.skipsVerification)
        #expect(read.server.settings.heartbeat == .seconds(30))
        #expect(read.stateDirectory == "/var/lib/agent")
        #expect(read.capabilities == .handoverDefault)
        #expect(read.policy == OfferPolicy())
        #expect(read.report.description.identifyingAttributes.map(\.key) == ["service.name", "service.instance.id"])
    }

    @Test(arguments: [
        ("server:\n  ws:\n    endpoint: wss://a:1/x", "wss://a:1/x"),
        ("server:\n  http:\n    endpoint: https://a:1/x\n    polling_interval: 2m", "https://a:1/x"),
    ])
    func `the server stands where collector and supervisor put it`(server: String, endpoint: String) throws {
        let read = try HostConfiguration(yaml: Array("\(server)\nstorage: {directory: /d}".utf8))
        #expect(read.server.settings.endpoint.description == endpoint)
        if endpoint.hasPrefix("https") { #expect(read.server.settings.heartbeat == .seconds(120)) }
    }

    @Test(arguments: [
        "server: {heartbeat_interval: 7s, ws: {endpoint: 'wss://a:1/x'}}",
        "server: {ws: {endpoint: 'wss://a:1/x', heartbeat_interval: 7s}}",
        "server: {polling_interval: 7s, http: {endpoint: 'https://a:1/x'}}",
        "server: {http: {endpoint: 'https://a:1/x', heartbeat_interval: 7s}}",
    ])
    func `an interval counts wherever the server's settings may stand`(server: String) throws {
        let read = try HostConfiguration(yaml: Array("\(server)\nstorage: {directory: /d}".utf8))
        #expect(read.server.settings.heartbeat == .seconds(7))
    }

    @Test(arguments: [
        ("server: {ws: {endpoint: 'wss://a:1/x', polling_interval: 7s}}", "configuration.bad-value"),
        (
            "server: {http: {endpoint: 'https://a:1/x', polling_interval: 7s, heartbeat_interval: 8s}}",
            "configuration.conflict"
        ),
        (
            "server: {heartbeat_interval: 7s, ws: {endpoint: 'wss://a:1/x', heartbeat_interval: 8s}}",
            "configuration.conflict"
        ),
    ])
    func `an interval that would not count is refused`(server: String, code: String) throws {
        let refusal = #expect(throws: ConfigurationRefusal.self) {
            try HostConfiguration(yaml: Array("\(server)\nstorage: {directory: /d}".utf8))
        }
        #expect(refusal?.operatorMessage.code == code)
    }

    @Test func `one message may have as many bytes as the file says, and 64 MiB otherwise`() throws {
        func limits(_ text: String) throws -> HostConfiguration.MessageLimits {
            try HostConfiguration(yaml: Array((Self.smallest + text).utf8)).messageLimits
        }
        let standard = try limits("")
        #expect(standard.received == 64 << 20 && standard.sent == 64 << 20)
        let own = try limits("limits: {received: 256KiB, sent: 100MiB}")
        #expect(own.received == 256 << 10 && own.sent == 100 << 20)
        for size in ["1KiB", "257MiB", "x", "-1"] {
            let refusal = #expect(throws: ConfigurationRefusal.self) { try limits("limits: {sent: \(size)}") }
            #expect(refusal?.operatorMessage.code == "configuration.wrong-form")
        }
    }

    @Test func `every key of the manual's kind is read`() throws {
        let read = try HostConfiguration(
            yaml: Array(
                (Self.smallest + """
                    headers: {X-Site: a}
                    tls: {min_version: "1.3", include_system_ca_certs_pool: false, insecure_skip_verify: true, cipher_suites: [TLS_AES_128_GCM_SHA256]}
                    instance_uid: 0198c9a4-0000-7000-8000-000000000000
                    capabilities: {reports_health: false, accepts_restart_command: true}
                    agent_description:
                      identifying_attributes: {service.name: n, port: 80, quoted: "80"}
                      non_identifying_attributes: {os.type: linux, virtual: true}
                    handover:
                      require_token: always
                      absent_certificate: drop
                      allowed_endpoints: ["*.example:4320", other.example]
                      verification_timeout: 1m30s
                      probation: 10m
                      min_tls_version: "1.3"
                      allow_plaintext: true
                      allow_skip_verify: true
                      accept_offered_keys: true
                    config_sink: {path: /etc/x.yaml, validate_command: "false", validate_timeout: 5s, reload_command: "true"}
                    limits: {effective_config: 64KiB}
                    log: {level: debug, format: json}
                    """).utf8))
        #expect(read.server.settings.headers == [HeaderField("X-Site", Secret("a"))])
        #expect(read.server.settings.tls == TLSBounds(minimum: .tls13, cipherSuites: ["TLS_AES_128_GCM_SHA256"]))
        #expect(!read.server.settings.trust.includesSystemRoots)
        #expect(read.server.settings.skipsVerification)
        #expect(read.instanceUID?.description == "0198c9a4-0000-7000-8000-000000000000")
        #expect(!read.capabilities.contains(.reportsHealth))
        #expect(
            read.capabilities.isSuperset(of: [.acceptsRestartCommand, .acceptsRemoteConfig, .reportsEffectiveConfig]))
        #expect(
            read.report.description.identifyingAttributes == [
                KeyValue(key: "service.name", value: .string("n")), KeyValue(key: "port", value: .int(80)),
                KeyValue(key: "quoted", value: .string("80")), KeyValue(key: "service.instance.id", value: .string("")),
            ])
        #expect(read.report.description.nonIdentifyingAttributes.last?.value == .bool(true))
        #expect(read.policy.requiresToken == .always)
        #expect(read.policy.absentCertificate == .drop)
        #expect(read.policy.allowedEndpoints?.count == 2)
        #expect(read.policy.allowsLeavingTLS && read.policy.allowsSkippingVerification)
        #expect(read.policy.acceptsOfferedKeys && !OfferPolicy().acceptsOfferedKeys)
        #expect(read.policy.minimumTLS == .tls13)
        #expect(read.timings.verification == .seconds(90))
        #expect(read.timings.probation == .seconds(600))
        #expect(
            read.sink
                == SinkSettings(
                    .file(path: "/etc/x.yaml"), validation: .init("false", limit: .seconds(5)),
                    reload: .init("true", limit: .seconds(30))))
        #expect(read.messageLimits.effectiveConfig == 64 << 10)
        #expect(read.logLevel == .debug && read.logFormat == .json)
    }

    @Test(arguments: [
        ("", TLSVersion.tls12), ("handover: {min_tls_version: \"1.3\"}", .tls13),
        ("tls: {min_version: \"1.3\"}", .tls13), ("tls: {min_version: \"1.3\"}\nhandover: {probation: 5m}", .tls13),
        ("tls: {min_version: \"1.3\"}\nhandover: {min_tls_version: \"1.2\"}", .tls13),
    ])
    func `A6 the floor for the first server is the floor for offers too`(
        text: String, floor: TLSVersion
    ) throws {
        let read = try HostConfiguration(yaml: Array((Self.smallest + text).utf8))
        #expect(read.policy.minimumTLS == floor)
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let text: String
        let code: String
        /// Words that have to stand in the message: line and key, and the way out.
        let words: [String]
        var testDescription: String { "\(code) \(words)" }

        init(_ text: String, _ code: String, _ words: String...) {
            self.text = text
            self.code = "configuration.\(code)"
            self.words = words
        }
    }

    static let refused: [Refused] = [
        Refused("", "missing-key", "server"),
        Refused("server: {tls: {}}", "missing-key", "server.endpoint"),
        Refused("server: {endpoint: \"wss://a/\"}", "missing-key", "storage.directory"),
        Refused(smallest + "handovers: {}", "unknown-key", "Line 5", "handovers", "handover"),
        Refused(smallest + "handover:\n  probations: 5m", "unknown-key", "Line 6", "handover.probation,"),
        Refused(smallest + "completely_unknown_word: 1", "unknown-key", "Remove the line"),
        Refused("server:\n  endpont: wss://a/", "unknown-key", "Line 2", "server.endpoint"),
        Refused("server:\n  endpoint: ftp://a/\nstorage: {directory: /d}", "bad-value", "Line 2", "scheme"),
        Refused(
            "server:\n  ws:\n    endpoint: https://a/\nstorage: {directory: /d}", "bad-value", "Line 3", "transport"),
        Refused("server:\n  endpoint: wss://a/\n  ws:\n    endpoint: wss://b/", "conflict", "Line 4"),
        Refused(
            "server:\n  endpoint: wss://a/\n  tls: {}\ntls: {}\nstorage: {directory: /d}", "conflict", "Line 4",
            "server.tls"),
        Refused(smallest + "handover: {probation: 5}", "wrong-form", "Line 5", "30s"),
        Refused(smallest + "handover: {probation: 5x}", "wrong-form", "handover.probation"),
        Refused(smallest + "handover: {probation: 0s}", "wrong-form", "from 1s"),
        Refused(smallest + "handover: {require_token: maybe}", "wrong-form", "auto, always or never"),
        Refused(smallest + "handover: {allowed_endpoints: \"a\"}", "wrong-form", "a list"),
        Refused(
            smallest + "handover:\n  allowed_endpoints:\n    - wss://a/x", "wrong-form", "Line 7", "without scheme"),
        Refused(smallest + "capabilities: {reports_health: yes}", "wrong-form", "true or false"),
        Refused(smallest + "capabilities: {accepts_remote_config: true}", "bad-value", "config_sink.path"),
        Refused(smallest + "capabilities: {reports_helth: true}", "unknown-key", "capabilities.reports_health"),
        Refused(smallest + "instance_uid: 123", "wrong-form", "UUID"),
        Refused(smallest + "tls: {ca_file: /nowhere/ca.pem}", "bad-file", "Line 5", "tls.ca_file", "/nowhere/ca.pem"),
        Refused(smallest + "tls: {cert_file: /nowhere/x.pem}", "bad-file", "tls.cert_file"),
        Refused(smallest + "tls: {min_version: \"1.1\"}", "wrong-form", "tls.min_version"),
        Refused(smallest + "tls: {min_version: \"1.3\", max_version: \"1.2\"}", "bad-value", "below min_version"),
        Refused(smallest + "config_sink: {reload_command: x}", "missing-key", "config_sink.path"),
        Refused(smallest + "config_sink: {path: /a, directory: /b}", "conflict", "Line 5", "config_sink.directory"),
        Refused(
            smallest + "config_sink: {path: /a, reload_timeout: 0s}", "wrong-form", "config_sink.reload_timeout",
            "from 1s"),
        Refused(smallest + "headers: [a]", "wrong-form", "headers", "mapping"),
        Refused(smallest + "log: {format: xml}", "wrong-form", "text or json"),
        Refused("server: [", "not-yaml", "line"),
        Refused("server: &a {}", "not-yaml", "anchors"),
    ]

    @Test(arguments: refused)
    func `a mistake is named with its line, its key and the way out`(row: Refused) throws {
        do throws(ConfigurationRefusal) {
            _ = try HostConfiguration(yaml: Array(row.text.utf8))
            Issue.record("accepted: \(row.text)")
        } catch {
            let message = error.operatorMessage
            #expect(message.code == row.code, "\(message)")
            for word in row.words { #expect(message.description.contains(word), "\(message)") }
            #expect(!message.nextAction.isEmpty)
        }
    }

    @Test func `files are read where they are named, and a key that others can read is refused`() async throws {
        let host = try HostDirectory()
        let holder = try TestAuthority().agent()
        try host.write(holder.certificate.pem, to: "leaf.pem")
        try host.write(holder.key.pem.revealText(), to: "leaf.key")
        let text =
            ConfigurationTests.smallest + "tls: {cert_file: \(host.path)/leaf.pem, key_file: \(host.path)/leaf.key}"
        let read = try HostConfiguration(yaml: Array(text.utf8))
        #expect(read.server.settings.leaf?.leaf == holder.certificate)
        #expect(read.key?.publicKey == holder.certificate.publicKey)

        try host.write(holder.key.pem.revealText(), to: "leaf.key", mode: 0o644)
        #expect(throws: ConfigurationRefusal.self) { try HostConfiguration(yaml: Array(text.utf8)) }
        try host.write(try TestAuthority().agent().key.pem.revealText(), to: "leaf.key")
        #expect(throws: ConfigurationRefusal.self) { try HostConfiguration(yaml: Array(text.utf8)) }
    }

    private func link(_ host: HostDirectory, _ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(host.path)/\(name)", withDestinationPath: target)
    }

    /// As a mounted ConfigMap and a mounted Secret are laid out.
    @Test func `links are followed to the configuration file and to what it names`() throws {
        let host = try HostDirectory()
        let holder = try TestAuthority().agent()
        try FileManager.default.createDirectory(atPath: "\(host.path)/..1", withIntermediateDirectories: false)
        try link(host, "..data", to: "..1")
        let text =
            ConfigurationTests.smallest + """
                tls: {ca_file: \(host.path)/ca.pem, cert_file: \(host.path)/leaf.pem, key_file: \(host.path)/leaf.pem}
                bootstrap: {token_file: \(host.path)/token}
                """
        let authority = try TestAuthority().certificate
        let files = [
            "agent.yaml": text, "ca.pem": authority.pem, "token": "\n opamp-bt.x \n",
            "leaf.pem": holder.certificate.pem + holder.key.pem.revealText(),
        ]
        for (name, content) in files {
            try host.write(content, to: "..1/\(name)")
            try link(host, name, to: "..data/\(name)")
        }
        let read = try HostConfiguration(file: host.configuration)
        #expect(read.server.settings.trust.anchors.certificates == [authority])
        #expect(read.server.settings.leaf?.leaf == holder.certificate)
        #expect(read.key?.publicKey == holder.certificate.publicKey)
        #expect(read.bootstrapToken == Secret("opamp-bt.x"))
    }

    @Test(arguments: [
        ("t", "t"), ("t \t\r\n", "t"), ("\u{FEFF}  t\n# the one of Monday", "t"), ("\n\n t\u{A0}", "t"),
        ("a b\n", "a b"),
        ("", nil), (" \n\t\n", nil),
    ])
    func `white space around a token is no part of it`(text: String, token: String?) throws {
        #expect(Secret(tokenText: text) == token.map { Secret($0) })
        let host = try HostDirectory()
        try host.write(text, to: "token")
        #expect(try Secret(tokenFile: host.path + "/token") == token.map { Secret($0) })
    }

    @Test func `a file that is not accepted is named with its line and what ends the refusal`() throws {
        let host = try HostDirectory()
        let holder = try TestAuthority().agent()
        let key = holder.key.pem.revealText()
        let table: [(leaf: String, key: String, words: [String])] = [
            (
                holder.certificate.pem, "\n" + key.replacing("PRIVATE", with: "ENCRYPTED PRIVATE"),
                ["line 2", "openssl pkey"]
            ),
            (String(holder.certificate.pem.dropLast(30)), key, ["leaf.pem", "line 1", "END"]),
            (holder.certificate.pem.replacing("CERTIFICATE", with: "TRUSTED CERTIFICATE"), key, ["openssl x509"]),
        ]
        for row in table {
            try host.write(row.leaf, to: "leaf.pem")
            try host.write(row.key, to: "leaf.key")
            let text =
                Self.smallest + "tls: {cert_file: \(host.path)/leaf.pem, key_file: \(host.path)/leaf.key}"
            let refused = #expect(throws: ConfigurationRefusal.self) {
                try HostConfiguration(yaml: Array(text.utf8))
            }
            let message = refused?.operatorMessage.description ?? ""
            for word in row.words { #expect(message.contains(word), "\(message)") }
        }
    }

    @Test(arguments: [
        ("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("1h30m", 5_400_000), ("1d", 86_400_000), ("0", 0),
    ])
    func `durations have units`(text: String, milliseconds: Int) {
        #expect(DurationText.read(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "5", "s", "5 s", "-5s", "5x", "1.5h", "9999999999999999999s", "99999999999999999d", "٣s"])
    func `what is no duration is none`(text: String) {
        #expect(DurationText.read(text) == nil)
    }
}
