package import Foundation
import Vocabulary

/// Runs drills one after the other, each in a world of its own.
@MainActor package struct DrillRunner {
    package struct Options: Sendable {
        package var programs: Programs
        /// Where worlds and reports are put.
        package var runs: URL
        /// Leave the processes running and say how to look at them.
        package var keepsWorld: Bool
        package var usesHTTP: Bool

        package init(programs: Programs, runs: URL, keepsWorld: Bool = false, usesHTTP: Bool = false) {
            self.programs = programs
            self.runs = runs
            self.keepsWorld = keepsWorld
            self.usesHTTP = usesHTTP
        }
    }

    private let options: Options
    private let narrator: Narrator

    package init(options: Options, narrator: Narrator) {
        self.options = options
        self.narrator = narrator
    }

    private var transport: AgentProcess.Transport { options.usesHTTP ? .http : .ws }

    /// When the surrounding task is cancelled the drill under way ends, its processes with it, and no other begins.
    package func run(_ drills: [Drill]) async throws -> DrillReport {
        let startedAt = Timestamp.present
        let start = ContinuousClock.now
        var outcomes: [DrillOutcome] = []
        for drill in drills where !Task.isCancelled {
            outcomes.append(try await run(drill))
        }
        return DrillReport(
            startedAt: startedAt, milliseconds: (ContinuousClock.now - start).milliseconds,
            transport: transport.rawValue, drills: outcomes)
    }

    private func run(_ drill: Drill) async throws -> DrillOutcome {
        let startedAt = Timestamp.present
        let directory = try RunFolder.make(in: options.runs, for: drill.name, at: startedAt)
        let world = try DrillWorld(directory: directory, programs: options.programs, transport: transport)
        let run = DrillRun(world: world, narrator: narrator)
        narrator.open(drill, in: directory.path)

        let watch = Watch(world)
        var wasInterrupted = false
        do {
            try await drill.act(run)
        } catch is CancellationError {
            wasInterrupted = true
        } catch is DrillRun.Stopped {
            // Whatever failed while everything was being ended says nothing.
            wasInterrupted = Task.isCancelled
        }
        let findings = await watch.end()
        let invariants =
            wasInterrupted
            ? []
            : Invariant.judgeAll(
                by: await Evidence.collect(from: run, watched: findings), required: drill.required(over: transport))
        if !invariants.isEmpty { narrator.show(invariants) }

        let outcome = DrillOutcome(
            name: drill.name, summary: drill.summary, wasInterrupted: wasInterrupted, startedAt: startedAt,
            milliseconds: run.elapsed.milliseconds, directory: directory.path, steps: run.steps, invariants: invariants,
            logs: world.logFiles.map(\.path))
        narrator.conclude(outcome)
        await leave(world, after: outcome)
        return outcome
    }

    private func leave(_ world: DrillWorld, after outcome: DrillOutcome) async {
        if options.keepsWorld, outcome.verdict != .interrupted {
            narrator.show(["it is still running; to look at it:"] + world.inspectionCommands)
            await world.leave()
            return
        }
        // A task of its own, because the one around may be cancelled and every process has to end all the same.
        await Task { await world.tearDown() }.value
        if outcome.verdict == .passed { world.removeState() }
    }
}
