import ArgumentParser
import Foundation
import OperatorClient
import ServerAPI
import Vocabulary

/// Which server a command talks to, as whom, and for whose eyes.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "The server's URL (MINI_SERVER_URL).")
    var server: String?

    @Option(help: "PEM file of the CA of the server's certificate (MINI_SERVER_CA).")
    var ca: String?

    @Option(help: "The operator token (MINI_SERVER_TOKEN); other users of this host can see it while the command runs.")
    var token: String?

    @Option(help: "File with the operator token.")
    var operatorTokenFile: String?

    @Option(help: "Data directory of a server on this machine; supplies its URL, its CA and, if present, its token.")
    var context: String?

    @Flag(help: "Print JSON.")
    var json = false

    func open() throws -> OperatorClient {
        let environment = ProcessInfo.processInfo.environment
        let found = try context.map { try ContextFile.read(from: $0) }
        guard let base = server ?? found?.server ?? environment["MINI_SERVER_URL"] else {
            throw ValidationError("Name a server: --context, --server or MINI_SERVER_URL.")
        }
        let authorities =
            try (ca ?? (found == nil ? environment["MINI_SERVER_CA"] : nil)).map(File.text)?
            // BoringSSL would pass over the certificate after a byte order mark.
            .replacing("\u{FEFF}", with: "") ?? found?.authorities
        let text =
            try token ?? operatorTokenFile.map(File.text) ?? environment["MINI_SERVER_TOKEN"]
            ?? found?.tokenFile.map(File.text)
        let secret = text.map { Secret($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        return try OperatorClient(base: base, token: secret, authorities: authorities)
    }
}

/// A command that is a client of a server.
protocol ClientCommand: AsyncParsableCommand {
    var connection: ConnectionOptions { get }
    func run(_ server: OperatorClient) async throws
}

extension ClientCommand {
    func run() async throws {
        let server = try connection.open()
        do {
            try await run(server)
        } catch {
            await server.close()
            if let failure = error as? CallFailure { throw CommandFailure(failure, at: server.base) }
            throw error
        }
        await server.close()
    }

    /// The answer as JSON, or as this shows it to people.
    func show<Answer: Encodable>(_ answer: Answer, _ people: (Answer) -> Void) throws {
        if connection.json { try Output.json(answer) } else { people(answer) }
    }
}

/// Files that an operator names.
enum File {
    /// `-` is standard input.
    static func text(_ path: String) throws -> String {
        do {
            // Read to its end, as a pipe has to be; links are followed.
            let file = path == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(filePath: path))
            return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        } catch {
            throw CommandFailure(
                code: "client.file", cause: "\(path) cannot be read.", nextAction: "Check the path and its permissions."
            )
        }
    }
}

extension Role: ExpressibleByArgument {}
extension SecretDirection: ExpressibleByArgument {}
extension CertificateChoice: ExpressibleByArgument {}
extension AgentPresence: ExpressibleByArgument {}

/// A length of time as people write it: `90s`, `5m`, `24h`, `7d`, or seconds.
struct TimeSpan: ExpressibleByArgument {
    let seconds: Int

    init?(argument: String) {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let factor = argument.last.flatMap { units[$0] }
        guard let number = Int(factor == nil ? argument[...] : argument.dropLast()), number >= 0,
            case let (seconds, overflow) = number.multipliedReportingOverflow(by: factor ?? 1), !overflow
        else { return nil }
        self.seconds = seconds
    }
}

/// Bytes, or a number of `KiB` or `MiB`.
struct ByteCount: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        guard let bytes = SizeText.read(argument) else { return nil }
        self.bytes = bytes
    }
}
