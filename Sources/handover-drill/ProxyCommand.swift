import ArgumentParser
import Foundation
import Recorder
import Vocabulary

struct ProxyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy", abstract: "Record what an agent and an OpAMP server say, and inject faults by rule.",
        discussion: """
            Agents connect to --listen, and each connection leads to the server of --to. TLS ends at the proxy and begins \
            again: the server sees --client-certificate, not the agent's. The recording is JSON, a line for each event; \
            `handover-drill decode` shows its messages. A rule is DIRECTION MESSAGE ACTION, such as \
            `server-to-agent connection_settings@1 delay 2s`. Ctrl-C ends the proxy.
            """)

    @Option(help: "HOST:PORT for agents; port 0 lets the kernel choose.")
    var listen = "127.0.0.1:4321"

    @Option(help: "URL of the server, such as wss://server.example.com:4320; requests keep their own path.")
    var to: String

    @Option(help: ArgumentHelp("PEM file of the certificate to show to agents, with its chain.", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("PEM file of the private key of --certificate.", valueName: "file"))
    var key: String?

    @Option(
        help: ArgumentHelp(
            "PEM file of the CAs that may have issued the server's certificate; by default the system's.",
            valueName: "file"))
    var ca: String?

    @Option(help: ArgumentHelp("PEM file of the certificate to show to the server.", valueName: "file"))
    var clientCertificate: String?

    @Option(help: ArgumentHelp("PEM file of the private key of --client-certificate.", valueName: "file"))
    var clientKey: String?

    @Option(help: ArgumentHelp("File for the recording; `-` for standard output.", valueName: "file"))
    var record = "-"

    @Option(help: "A rule; repeatable.")
    var rule: [String] = []

    @Option(help: ArgumentHelp("File with a rule in each line, followed after those of --rule.", valueName: "file"))
    var rules: String?

    @Flag(help: "Write header values, tokens and private keys into the recording too.")
    var showSecrets = false

    func run() async throws {
        try await Explained.explaining {
            let (settings, recording) = (try settings(), try recording())
            let proxy = try await Proxy.listen(settings, recording: recording)
            say("listening on \(settings.host):\(proxy.port), leading to \(settings.server)")
            do {
                try await untilSignalled { try await proxy.run() }
            } catch is CancellationError {}
        }
    }

    private func settings() throws -> ProxyConfiguration {
        var settings = try ProxyConfiguration(listen: listen, server: to, rules: try rule.map { try Rule($0) })
        settings.identity = try identity(certificate, key, "--certificate and --key")
        settings.clientIdentity = try identity(
            clientCertificate, clientKey, "--client-certificate and --client-key")
        settings.serverAuthorities = try ca.map { try ProxyConfiguration.certificates(in: $0) }
        if let rules { settings.rules += try Rule.read(try InputFile.text(rules)) }
        return settings
    }

    private func identity(_ certificate: String?, _ key: String?, _ names: String) throws -> ProxyConfiguration
        .Identity?
    {
        guard (certificate == nil) == (key == nil) else {
            throw RecorderFailure.badCommand(why: "\(names) are given together or not at all")
        }
        guard let certificate, let key else { return nil }
        return try ProxyConfiguration.Identity.read(certificate: certificate, key: key)
    }

    private func recording() throws -> Recording {
        let tell: @Sendable (RecorderFailure) -> Void = { say("\(Explained(message: $0.operatorMessage))") }
        guard record == "-" else {
            return try Recording(file: record, showingSecrets: showSecrets, failures: tell)
        }
        return Recording(
            "standard output", showingSecrets: showSecrets,
            to: { try FileHandle.standardOutput.write(contentsOf: Data($0)) }, failures: tell)
    }
}

/// On standard error: standard output may be the recording.
private func say(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data("\(text)\n".utf8))
}
