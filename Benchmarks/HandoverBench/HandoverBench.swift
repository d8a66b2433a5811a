import ArgumentParser
import Drill
import Foundation
import UnixSignals

@main struct HandoverBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handover-bench",
        abstract: "Measures servers and handovers on this machine beside yardsticks of the same run.",
        discussion: """
            Nothing is judged by its time: a missed target is written down, and the exit status is 0. It exits with 1 when \
            something cannot be measured, for example because an agent does not arrive.

            Measurements: \(Measurement.ofServers.map(\.rawValue).joined(separator: ", ")); with --agent: \
            \(Measurement.ofAgents.map(\.rawValue).joined(separator: ", ")).
            """)

    @Option(help: ArgumentHelp("Where to write the figures as JSON.", valueName: "file"))
    var out: String?

    @Option(help: ArgumentHelp("Which measurements, separated by commas; all when absent.", valueName: "names"))
    var figures: String?

    @Flag(help: "Measures the agent alone.")
    var agent = false

    @Option(
        help: ArgumentHelp(
            "Where opamp-agent, hosted-agent and bare-session are that --agent measures; beside this program.",
            valueName: "folder"))
    var agentPrograms: String?

    @Flag(help: "A tenth of everything, to see that it works; the figures mean little.")
    var quick = false

    @Option(
        help: ArgumentHelp(
            "Where the servers and agents keep their files, in a folder that is removed at the end.",
            valueName: "folder"))
    var directory: String?

    @Option(help: ArgumentHelp("Where mini-server and opamp-agent are; beside this program.", valueName: "folder"))
    var programs: String?

    private var measurements: [Measurement] {
        get throws {
            guard let figures, !figures.isEmpty else { return agent ? Measurement.ofAgents : Measurement.ofServers }
            let wanted = try figures.split(separator: ",").map { name in
                guard let measurement = Measurement(rawValue: String(name)) else {
                    throw ValidationError("There is no measurement \(name).")
                }
                return measurement
            }
            return Measurement.allCases.filter(wanted.contains)
        }
    }

    func validate() throws { _ = try measurements }

    func run() async throws {
        let work = Task { try await measure() }
        let interruption = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { work.cancel() }
        }
        defer { interruption.cancel() }
        do {
            try await work.value
        } catch let failure as BenchFailure {
            FileHandle.standardError.write(Data("handover-bench: \(failure)\n".utf8))
            throw ExitCode.failure
        }
    }

    @MainActor private func measure() async throws {
        let parent = directory ?? FileManager.default.temporaryDirectory.path
        let folder = URL(filePath: parent, directoryHint: .isDirectory)
            .appending(path: "handover-bench-\(ProcessInfo.processInfo.processIdentifier)")
        let tell = { @Sendable (text: String) in FileHandle.standardError.write(Data("  \(text)\n".utf8)) }
        let bench = try await Bench(
            isQuick: quick, folder: folder,
            programs: try Programs(in: programs.map { URL(filePath: $0, directoryHint: .isDirectory) }),
            agentPrograms: agentPrograms.map { URL(filePath: $0, directoryHint: .isDirectory) }, tell: tell)
        do {
            let names = Set(try measurements.flatMap(\.figures))
            for measurement in try measurements {
                tell("-- \(measurement.rawValue)")
                try await measurement.run(on: bench)
                // What there is so far outlives a later failure.
                if let out { try bench.report.json(names).write(toFile: out, atomically: true, encoding: .utf8) }
            }
            print(bench.report.table(names))
            await bench.end()
            try? FileManager.default.removeItem(at: folder)
        } catch {
            await bench.end()
            tell("the logs are below \(folder.path)")
            throw error
        }
    }
}
