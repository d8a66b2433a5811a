import ArgumentParser
import Drill
import Foundation

@main struct HandoverBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handover-bench",
        abstract: "Measures handovers between two servers on this machine.",
        discussion: """
            Two mini-server processes federate on 127.0.0.1, the agents live in this process. First one agent goes there \
            and back again and again, then all of them go at once. Nothing is judged by its time; it exits with 1 when an \
            agent does not arrive.
            """)

    @Option(help: "How often one agent goes there and back; 0 leaves this part out.")
    var roundTrips = 20

    @Option(help: "How many agents go at once; 0 leaves this part out.")
    var agents = 200

    @Option(help: "How often they go, in turn there and back.")
    var rounds = 4

    @Flag(help: "Write JSON to standard output, and what happens meanwhile to standard error.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Where the servers and agents keep their files, in a folder that is removed at the end.",
            valueName: "folder"))
    var directory: String?

    @Option(help: ArgumentHelp("Where mini-server and opamp-agent are; beside this program.", valueName: "folder"))
    var programs: String?

    func validate() throws {
        guard roundTrips >= 0, (0...1000).contains(agents), rounds >= 0 else {
            throw ValidationError("There is no such number of round trips, agents or rounds.")
        }
    }

    func run() async throws {
        do {
            let report = try await measure()
            print(json ? try report.json : report.table)
        } catch let failure as BenchFailure {
            FileHandle.standardError.write(Data("handover-bench: \(failure)\n".utf8))
            throw ExitCode.failure
        }
    }

    @MainActor private func measure() async throws -> BenchReport {
        let folder = URL(
            filePath: directory ?? FileManager.default.temporaryDirectory.path, directoryHint: .isDirectory
        )
        .appending(path: "handover-bench-\(ProcessInfo.processInfo.processIdentifier)")
        let output = json ? FileHandle.standardError : FileHandle.standardOutput
        let narrator = Narrator(style: .init(isTerminal: false)) { output.write(Data($0.utf8)) }
        let programs = try Programs(in: programs.map { URL(filePath: $0, directoryHint: .isDirectory) })
        let pair = try await FederatedPair.start(in: folder, programs: programs, narrator: narrator)
        let fleet = try Fleet(in: folder.appending(path: "agents"), home: pair.eu)
        do {
            let report = try await measure(pair, fleet, folder: folder) { output.write(Data("  \($0)\n".utf8)) }
            await fleet.end()
            await pair.end(removing: true)
            try? FileManager.default.removeItem(at: folder)
            return report
        } catch {
            await fleet.end()
            await pair.end(removing: false)
            output.write(Data("the logs are in \(folder.path)/logs\n".utf8))
            throw error
        }
    }

    @MainActor private func measure(
        _ pair: FederatedPair, _ fleet: Fleet, folder: URL, tell: (String) -> Void
    ) async throws -> BenchReport {
        var report = BenchReport(machine: .present)
        report.durableWrite = try DurableWrite.measure(in: folder.path)
        let course = Course(eu: pair.eu, us: pair.us, fleet: fleet)
        if roundTrips > 0 {
            tell("one agent enrols and goes there and back \(roundTrips) times")
            try await fleet.grow(to: 1)
            report.single = try await SingleHandover.measure(on: course, roundTrips: roundTrips)
        }
        if agents > 0, rounds > 0 {
            tell("\(agents) agents enrol")
            report.enrolmentsPerSecond = try await fleet.grow(to: agents)
            for round in 0..<rounds {
                let leg: Leg = round % 2 == 0 ? .toUS : .toEU
                // The first half as an operator would do it; the second half held back until all have their offers.
                let isHeld = round >= (rounds + 1) / 2
                tell(
                    "round \(round + 1): \(agents) agents go \(leg.rawValue)\(isHeld ? ", all in the same instant" : "")"
                )
                report.crowds.append(try await CrowdHandover.measure(on: course, leg: leg, isHeld: isHeld))
            }
        }
        return report
    }
}
