import ArgumentParser
import Foundation
import Logging
import MiniServer
import UnixSignals
import Vocabulary

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run a server.",
        discussion: """
            SIGTERM and SIGINT stop the server within two seconds; a second signal stops it at once. SIGHUP reads \
            --listener-cert and --listener-key again; the server also does this every hour, and renews a listener \
            certificate of its own CA in time.
            """)

    @Option(help: "Directory of the server's data; the first start creates it.")
    var dataDir: String

    @Option(help: "HOST:PORT to bind; port 0 lets the kernel choose. 0.0.0.0 needs --public-endpoint.")
    var listen = "127.0.0.1:4320"

    @Option(help: "The name of this server.")
    var name: String

    @Option(help: "URL for agents and peers, such as wss://eu.example.com:4320/v1/opamp; by default from --listen.")
    var publicEndpoint: String?

    @Option(help: "Additional DNS name or IP address in the listener certificate; repeatable.")
    var listenerName: [String] = []

    @Option(help: "PEM file of a listener certificate and its chain; by default the server's CA issues one.")
    var listenerCert: String?

    @Option(help: "PEM file of the private key of --listener-cert.")
    var listenerKey: String?

    @Option(help: "File for the admin token of the first start, readable by its owner only.")
    var writeAdminToken: String?

    @Option(help: "How long the server waits for an agent after its token is redeemed here; by default 24h.")
    var arrivalDeadline: TimeSpan?

    @Option(help: "How long after its return an agent has certainly given up a move; more than 30s, by default 60s.")
    var verificationTime: TimeSpan?

    @Flag(help: "Also read WebSocket messages without OpAMP's header byte, as clients older than the header send them.")
    var acceptHeaderlessMessages = false

    @Option(help: "The largest agent description to accept, such as 256KiB; by default 64KiB, at most 10MiB.")
    var maxDescription: ByteCount?

    @Option(
        help: """
            The largest other part of an agent's report to keep (configuration, health, components); by default 1MiB, \
            at most 10MiB.
            """)
    var maxReportPart: ByteCount?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "notice"

    func validate() throws {
        guard (listenerCert == nil) == (listenerKey == nil) else {
            throw ValidationError("Use --listener-cert and --listener-key together.")
        }
        guard Logger.Level(rawValue: logLevel) != nil else { throw ValidationError("\(logLevel) is not a log level.") }
        guard (arrivalDeadline?.seconds ?? 1) > 0 else {
            throw ValidationError("--arrival-deadline must be greater than zero.")
        }
        // An agent verifies for up to 30 seconds: to take it back earlier would be to take it while it moves.
        guard (verificationTime?.seconds ?? 60) > 30 else {
            throw ValidationError("--verification-time must be more than 30s.")
        }
        for (option, size) in [("--max-description", maxDescription), ("--max-report-part", maxReportPart)] {
            guard size.map({ ServerConfiguration.reportSizes.contains($0.bytes) }) ?? true else {
                throw ValidationError("\(option) must be 1KiB to 10MiB; no OpAMP message is larger.")
            }
        }
        guard isValidName(name) else { throw ValidationError("--name: \(nameRule).") }
        _ = try address()
    }

    func run() async throws {
        let level = Logger.Level(rawValue: logLevel) ?? .notice
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        do {
            try await serve()
        } catch let refusal as EndpointRefusal {
            throw ValidationError("--public-endpoint: \(refusal.reason).")
        } catch let error as any OperatorExplainable {
            throw CommandFailure(error.operatorMessage)
        }
    }

    private func serve() async throws {
        let server = try await Server(try configuration(), log: Logger(label: "mini-server"))
        // Written to a file it need not stand in whatever collects this program's output as well.
        if let token = server.adminToken {
            Output.line(
                writeAdminToken.map { "admin token written to \($0)" }
                    ?? "admin token, shown once: \(token.revealText())")
        } else if let writeAdminToken {
            Output.line("no admin token written to \(writeAdminToken): only the first start creates one")
        }
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await server.run(reloadingOn: [.sighup])
                return true
            }
            group.addTask {
                try await announce(server)
                return false
            }
            group.addTask {
                await StopSignals.obey(server)
                return false
            }
            defer { group.cancelAll() }
            do {
                while try await group.next() == false {}
            } catch {
                // Whatever failed is said; what else runs has no longer to end than on a signal.
                StopSignals.endSoon(status: EXIT_FAILURE)
                throw error
            }
        }
    }

    private func configuration() throws -> ServerConfiguration {
        let (host, port) = try address()
        return ServerConfiguration(
            dataDirectory: dataDir, name: name, host: host, port: port,
            publicEndpoint: try publicEndpoint.map { try Endpoint($0) }, listenerNames: listenerName,
            listenerFiles: files, adminTokenFile: writeAdminToken,
            arrivalDeadline: (arrivalDeadline?.seconds).map { .seconds($0) },
            verificationTime: (verificationTime?.seconds).map { .seconds($0) },
            acceptsHeaderlessMessages: acceptHeaderlessMessages, longestDescription: maxDescription?.bytes,
            longestReportPart: maxReportPart?.bytes)
    }

    private var files: (certificate: String, key: String)? {
        guard let listenerCert, let listenerKey else { return nil }
        return (listenerCert, listenerKey)
    }

    /// Says where the server is, to people and to the clients that are given `--context`.
    private func announce(_ server: Server) async throws {
        // Without a port the server says why.
        guard await server.port != nil else { return }
        let tokenFile =
            server.adminToken == nil
            ? (try? ContextFile.read(from: dataDir))?.tokenFile
            : writeAdminToken.map { URL(filePath: $0).standardizedFileURL.path }
        func write() throws -> String {
            let origin = "https://\(try server.localOrigin.origin)"
            try ContextFile(server: origin, authorities: try server.trustBundle, tokenFile: tokenFile)
                .write(to: dataDir)
            return origin
        }
        let origin = try write()
        Output.line("listening on \(origin)")
        for await _ in server.listenerChanges {
            do { _ = try write() } catch { Output.line("context file not written: \(error)") }
        }
    }

    private func address() throws -> (host: String, port: Int) {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
            (0...65535).contains(port), colon != listen.startIndex
        else { throw ValidationError("--listen must be HOST:PORT.") }
        let host = listen[..<colon]
        guard host.hasPrefix("[") else {
            guard !host.contains(":") else { throw ValidationError("--listen needs brackets around an IPv6 address.") }
            return (String(host), port)
        }
        return (String(host.drop { $0 == "[" }.prefix { $0 != "]" }), port)
    }
}
