import ArgumentParser
import Drill
import Foundation

/// Used by `Scripts/soak`, which knows the sources and keeps the machine busy.
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Run every drill over both transports, in rounds, and keep a ledger.",
        discussion: """
            A round that the ledger already has for these sources is not repeated. The command exits with 0 when the \
            ledger has all rounds and every drill of these sources passed. The output of the drills goes to soak.log, \
            beside the runs.
            """)

    @Argument(help: "Number of rounds.")
    var rounds: Int

    @Option(help: "Number of drills that run at once.")
    var jobs = 1

    @Option(help: "Hash of the sources of the programs.")
    var sources: String

    @Option(help: ArgumentHelp("The ledger; by default soak-ledger.jsonl beside the runs.", valueName: "file"))
    var ledger: String?

    @OptionGroup var place: RunOptions

    func validate() throws {
        if rounds < 1 { throw ValidationError("The number of rounds must be at least 1.") }
        if jobs < 1 { throw ValidationError("The number of jobs must be at least 1.") }
    }

    func run() async throws {
        let hasPassed = try await soak()
        if !hasPassed { throw ExitCode.failure }
    }

    @MainActor private func soak() async throws -> Bool {
        try FileManager.default.createDirectory(at: place.folder, withIntermediateDirectories: true)
        let log = place.folder.appending(path: "soak.log")
        if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
        let words = try FileHandle(forWritingTo: log)
        try words.seekToEnd()
        let soak = Soak(
            options: try place.options(),
            ledger: ledger.map { URL(filePath: $0) } ?? place.folder.appending(path: "soak-ledger.jsonl"),
            narrator: Narrator(style: .init(isTerminal: false)) { words.write(Data($0.utf8)) },
            tell: { FileHandle.standardOutput.write(Data("\($0)\n".utf8)) })
        let (rounds, jobs, sources) = (rounds, jobs, sources)
        let result = try await untilSignalled {
            try await soak.run(rounds: rounds, of: Drill.all, jobs: jobs, sources: sources)
        }
        print(([""] + result.ledger.summary).joined(separator: "\n"))
        return result.hasPassed
    }
}
