import ArgumentParser
import Drill
import Foundation
import UnixSignals

@main struct HandoverDrill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handover-drill",
        abstract: "Rehearses handovers and their failures with real servers and agents on this machine.",
        discussion: """
            Each drill starts its own servers and agents as processes, prints every step with its time, checks the \
            invariants at the end and leaves a JSON report. It exits with 0 when every result is as expected.
            """,
        subcommands: [RehearseCommand.self, ProxyCommand.self, DecodeCommand.self, SoakCommand.self],
        defaultSubcommand: RehearseCommand.self)
}

/// What every command takes.
struct RunOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Folder for the runs.", valueName: "folder"))
    var runs = "drill-runs"

    @Option(
        help: ArgumentHelp(
            "Folder of mini-server and opamp-agent; by default the folder of this program.", valueName: "folder"))
    var programs: String?

    var folder: URL { URL(filePath: runs, directoryHint: .isDirectory) }

    @MainActor func options() throws -> DrillRunner.Options {
        .init(programs: try Programs(in: programs.map { URL(filePath: $0, directoryHint: .isDirectory) }), runs: folder)
    }
}

/// Ends with what `work` answers; SIGINT and SIGTERM cancel it, and it ends its processes first.
@MainActor func untilSignalled<Value: Sendable>(_ work: @escaping @MainActor () async throws -> Value) async throws
    -> Value
{
    let task = Task { try await work() }
    let interruption = Task {
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { task.cancel() }
    }
    defer { interruption.cancel() }
    return try await task.value
}
