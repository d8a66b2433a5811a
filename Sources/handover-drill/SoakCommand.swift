import ArgumentParser
import Drill
import Foundation

/// Used by `Scripts/soak`, which knows the sources and keeps the machine busy.
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Run every drill over both transports, round after round, and keep a ledger.",
        discussion: """
            Rounds that the ledger has for these sources are not repeated. It exits with 0 when all rounds \
            are in the ledger, and nothing for these sources but drills that passed. The drills' own words go to soak.log, beside the runs.
            """)

    @Argument(help: "How many rounds.")
    var rounds: Int

    @Option(help: "A hash of the sources that the programs were built from.")
    var sources: String

    @Option(help: ArgumentHelp("The ledger; soak-ledger.jsonl beside the runs when absent.", valueName: "file"))
    var ledger: String?

    @OptionGroup var place: RunOptions

    func validate() throws {
        if rounds < 1 { throw ValidationError("There is at least one round.") }
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
        let (rounds, sources) = (rounds, sources)
        let result = try await untilSignalled {
            try await soak.run(rounds: rounds, of: Drill.all, sources: sources)
        }
        print(([""] + result.ledger.summary).joined(separator: "\n"))
        return result.hasPassed
    }
}
