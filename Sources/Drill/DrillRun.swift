import Foundation
import Vocabulary

/// One drill under way: its world, and every step taken in it.
@MainActor final class DrillRun {
    let world: DrillWorld
    private let narrator: Narrator
    private let start = ContinuousClock.now
    private(set) var steps: [StepRecord] = []
    /// What only the drill itself can have observed, for the invariants at the end.
    var observations = Observations()

    init(world: DrillWorld, narrator: Narrator) {
        self.world = world
        self.narrator = narrator
    }

    var elapsed: Duration { ContinuousClock.now - start }

    /// A step failed and has been told; the rest of the drill would prove nothing.
    struct Stopped: Error {}

    /// Does one step and tells how it went.
    ///
    /// - Throws: `Stopped` after any failure, `CancellationError` when the drill is interrupted.
    @discardableResult
    func step<Value>(_ title: String, _ act: @MainActor (StepNotes) async throws -> Value) async throws -> Value {
        let began = elapsed
        let notes = StepNotes()
        narrator.begin(title, after: began)
        do {
            let value = try await act(notes)
            record(title, began: began, notes)
            return value
        } catch let stopped as Stopped {
            throw stopped
        } catch let cancellation as CancellationError {
            record(title, began: began, notes, .init(expected: nil, seen: "interrupted"))
            throw cancellation
        } catch let unmet as UnmetExpectation {
            record(title, began: began, notes, .init(expected: unmet.expected, seen: unmet.seen))
            throw Stopped()
        } catch {
            record(title, began: began, notes, .init(expected: nil, seen: "\(error)"))
            throw Stopped()
        }
    }

    private func record(_ title: String, began: Duration, _ notes: StepNotes, _ failure: StepRecord.Failure? = nil) {
        let step = StepRecord(
            title: title, startedAfterMilliseconds: began.milliseconds, milliseconds: (elapsed - began).milliseconds,
            note: notes.note, facts: notes.facts, held: notes.held, failure: failure)
        steps.append(step)
        narrator.finish(step)
        if let failure { narrator.explain(failure, ended: world.endings, logs: world.processLogs.map(\.path)) }
    }
}
