import ArgumentParser
import Drill
import Foundation
import Glibc

struct RehearseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run drills, or list them; `run` is optional.")

    @Argument(help: "`list`, `all`, or names of drills; they run one after the other.")
    var names: [String]

    @Option(
        help: ArgumentHelp(
            "File for the JSON report; by default named after the drill, beside the runs.", valueName: "file"))
    var report: String?

    @Flag(help: "Leave everything running and print how to inspect it (one drill only).")
    var keep = false

    @Option(help: "The agents' transport: ws or http.")
    var agents: Transport = .ws

    @OptionGroup var place: RunOptions

    enum Transport: String, ExpressibleByArgument, CaseIterable {
        case ws, http
    }

    func validate() throws {
        for name in names where name != "list" && name != "all" && Drill.named(name) == nil {
            throw ValidationError("There is no drill named \(name). `handover-drill list` shows them.")
        }
        if keep, chosen.count > 1 { throw ValidationError("--keep accepts one drill only.") }
    }

    private var chosen: [Drill] {
        names.contains("all") ? Drill.all : names.compactMap { Drill.named($0) }
    }

    func run() async throws {
        if names.contains("list") {
            list()
            return
        }
        let hasPassed = try await rehearse()
        if !hasPassed { throw ExitCode.failure }
    }

    private func list() {
        let width = (Drill.all.map(\.name.count).max() ?? 0) + 2
        for drill in Drill.all {
            print(drill.name + String(repeating: " ", count: width - drill.name.count) + drill.summary)
        }
    }

    @MainActor private func rehearse() async throws -> Bool {
        let narrator = Narrator(style: .init(isTerminal: isatty(STDOUT_FILENO) == 1)) { text in
            FileHandle.standardOutput.write(Data(text.utf8))
        }
        var options = try place.options()
        options.keepsWorld = keep
        options.usesHTTP = agents == .http
        let (runner, drills) = (DrillRunner(options: options, narrator: narrator), chosen)
        let result = try await untilSignalled { try await runner.run(drills) }
        let file =
            report.map { URL(filePath: $0) }
            ?? place.folder.appending(path: "\(names.count == 1 ? names[0] : "several").json")
        try result.write(to: file)
        narrator.close(result, file: file.path)
        return result.hasPassed
    }
}
