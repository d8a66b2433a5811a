import ArgumentParser
import Drill
import Foundation
import Glibc
import UnixSignals

@main struct HandoverDrill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handover-drill",
        abstract: "Rehearses handovers and their failures with real servers and agents on this machine.",
        discussion: """
            Each drill starts its own servers and agents as processes, prints every step with its time, checks the \
            invariants at the end and leaves a JSON report. It exits with 0 when everything was as expected.
            """)

    @Argument(help: "`list`, `all`, or the name of a drill; several are run one after the other.")
    var names: [String]

    @Option(
        help: ArgumentHelp(
            "Where the JSON report goes; named after the drill, beside the runs, when absent.", valueName: "file"))
    var report: String?

    @Flag(help: "Leave everything running, and print how to look at it (one drill only).")
    var keep = false

    @Option(help: "What the agents speak: ws or http.")
    var agents: Transport = .ws

    @Option(help: ArgumentHelp("Where runs are kept.", valueName: "folder"))
    var runs = "drill-runs"

    @Option(help: ArgumentHelp("Where mini-server and opamp-agent are; beside this program.", valueName: "folder"))
    var programs: String?

    enum Transport: String, ExpressibleByArgument, CaseIterable {
        case ws, http
    }

    func validate() throws {
        for name in names where name != "list" && name != "all" && Drill.named(name) == nil {
            throw ValidationError("There is no drill named \(name). `handover-drill list` shows them.")
        }
        if keep, chosen.count > 1 { throw ValidationError("--keep is for one drill.") }
    }

    private var chosen: [Drill] {
        names.contains("all") ? Drill.all : names.compactMap { Drill.named($0) }
    }

    func run() async throws {
        if names.contains("list") {
            let width = (Drill.all.map(\.name.count).max() ?? 0) + 2
            for drill in Drill.all {
                print(drill.name + String(repeating: " ", count: width - drill.name.count) + drill.summary)
            }
            return
        }
        let hasPassed = try await rehearse()
        if !hasPassed { throw ExitCode.failure }
    }

    @MainActor private func rehearse() async throws -> Bool {
        let programs = try Programs(in: programs.map { URL(filePath: $0, directoryHint: .isDirectory) })
        let narrator = Narrator(style: .init(isTerminal: isatty(STDOUT_FILENO) == 1)) { text in
            FileHandle.standardOutput.write(Data(text.utf8))
        }
        let folder = URL(filePath: runs, directoryHint: .isDirectory)
        let runner = DrillRunner(
            options: .init(programs: programs, runs: folder, keepsWorld: keep, usesHTTP: agents == .http),
            narrator: narrator)
        let rehearsal = Task { try await runner.run(chosen) }
        let interruption = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { rehearsal.cancel() }
        }
        defer { interruption.cancel() }
        let result = try await rehearsal.value
        let file =
            report.map { URL(filePath: $0) }
            ?? folder.appending(path: "\(names.count == 1 ? names[0] : "several").json")
        try result.write(to: file)
        narrator.close(result, file: file.path)
        return result.hasPassed
    }
}
