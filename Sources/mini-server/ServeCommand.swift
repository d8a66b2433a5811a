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
            SIGTERM and SIGINT end it. SIGHUP reads --listener-cert and --listener-key again; it also does so by \
            itself every hour, and renews a listener certificate of its own CA in time.
            """)

    @Option(help: "Holds everything the server keeps; made at the first start.")
    var dataDir: String

    @Option(help: "HOST:PORT to bind; port 0 lets the kernel choose.")
    var listen = "127.0.0.1:4320"

    @Option(help: "What this server calls itself.")
    var name: String

    @Option(help: "What agents dial, such as wss://eu.example.com:4320/v1/opamp; --listen when absent.")
    var publicEndpoint: String?

    @Option(help: "A DNS name or IP address in the listener certificate; may be repeated.")
    var listenerName: [String] = []

    @Option(help: "PEM file of a listener certificate and its chain, instead of one from the server's own CA.")
    var listenerCert: String?

    @Option(help: "PEM file of the key of --listener-cert.")
    var listenerKey: String?

    @Option(help: "File to write the first start's admin token to, readable by its owner only.")
    var writeAdminToken: String?

    @Option(help: "How long an agent is waited for once its token is redeemed here; 24h when absent.")
    var arrivalDeadline: TimeSpan?

    @Option(help: "After how long an agent that is back from a move has given it up, more than 30s; 60s when absent.")
    var verificationTime: TimeSpan?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "notice"

    func validate() throws {
        guard (listenerCert == nil) == (listenerKey == nil) else {
            throw ValidationError("--listener-cert and --listener-key belong together.")
        }
        guard Logger.Level(rawValue: logLevel) != nil else { throw ValidationError("\(logLevel) is not a log level.") }
        guard (arrivalDeadline?.seconds ?? 1) > 0 else {
            throw ValidationError("--arrival-deadline is longer than nothing.")
        }
        // An agent verifies for up to 30 seconds: to take it back earlier would be to take it while it moves.
        guard (verificationTime?.seconds ?? 60) > 30 else {
            throw ValidationError("--verification-time is more than 30s.")
        }
        guard isValidName(name) else { throw ValidationError("\(name) is not a valid name.") }
        _ = try address()
    }

    func run() async throws {
        let level = Logger.Level(rawValue: logLevel) ?? .notice
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let (host, port) = try address()
        let server: Server
        do {
            let endpoint = try publicEndpoint.map { try Endpoint($0) }
            server = try await Server(
                ServerConfiguration(
                    dataDirectory: dataDir, name: name, host: host, port: port, publicEndpoint: endpoint,
                    listenerNames: listenerName, listenerFiles: files, adminTokenFile: writeAdminToken,
                    arrivalDeadline: (arrivalDeadline?.seconds).map { .seconds($0) },
                    verificationTime: (verificationTime?.seconds).map { .seconds($0) }),
                log: Logger(label: "mini-server"))
        } catch let refusal as EndpointRefusal {
            throw ValidationError("--public-endpoint: \(refusal.reason).")
        } catch let error as any OperatorExplainable {
            throw CommandFailure(error.operatorMessage)
        }
        // Written to a file it need not stand in whatever collects this program's output as well.
        if let token = server.adminToken {
            Output.line(
                writeAdminToken.map { "admin token written to \($0)" }
                    ?? "admin token, shown once: \(token.revealText())")
        }
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run(endingOn: [.sigterm, .sigint], reloadingOn: [.sighup]) }
            group.addTask { try await announce(server) }
            try await group.waitForAll()
        }
    }

    private var files: (certificate: String, key: String)? {
        guard let listenerCert, let listenerKey else { return nil }
        return (listenerCert, listenerKey)
    }

    /// Says where the server is, to people and to the clients that are given `--context`.
    private func announce(_ server: Server) async throws {
        guard await server.port != nil else { return }
        let origin = try server.origin.origin
        var context = ContextFile(
            server: "https://\(origin)", authorities: try server.trustBundle,
            tokenFile: writeAdminToken.map { URL(filePath: $0).standardizedFileURL.path }
                ?? (try? ContextFile.read(from: dataDir))?.tokenFile)
        try context.write(to: dataDir)
        Output.line("listening on https://\(origin)")
        for await _ in server.listenerChanges {
            context.authorities = try server.trustBundle
            do { try context.write(to: dataDir) } catch { Output.line("context file not written: \(error)") }
        }
    }

    private func address() throws -> (host: String, port: Int) {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
            (0...65535).contains(port), colon != listen.startIndex
        else { throw ValidationError("--listen takes HOST:PORT.") }
        let host = listen[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
        return (String(host), port)
    }
}
