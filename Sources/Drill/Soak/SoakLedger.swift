import Foundation
package import Vocabulary

/// One drill of one round, as a line of the ledger.
package struct SoakEntry: Codable, Hashable, Sendable {
    /// What was run, so that a completed round of the same program is not repeated.
    package struct Run: Codable, Hashable, Sendable {
        package var round: Int
        package var transport: String
        package var drill: String

        package init(round: Int, transport: String, drill: String) {
            self.round = round
            self.transport = transport
            self.drill = drill
        }
    }

    /// A hash of everything below `Sources/`.
    package var sources: String
    package var run: Run
    package var verdict: DrillVerdict
    package var shortfalls: [String]
    package var startedAt: Timestamp
    package var milliseconds: Int
    package var directory: String

    package init(sources: String, run: Run, _ outcome: DrillOutcome) {
        self.sources = sources
        self.run = run
        verdict = outcome.verdict
        shortfalls = outcome.shortfalls
        startedAt = outcome.startedAt
        milliseconds = outcome.milliseconds
        directory = outcome.directory
    }
}

/// What has been run of one state of the sources, whichever invocation ran it.
package struct SoakLedger: Hashable, Sendable {
    package let sources: String
    package private(set) var entries: [SoakEntry]

    /// - Parameter text: JSON, one entry a line. A line that does not read is the end of an invocation that was killed.
    package init(_ text: String, sources: String) {
        self.sources = sources
        entries = text.split(separator: "\n").compactMap {
            try? JSONDecoder().decode(SoakEntry.self, from: Data($0.utf8))
        }.filter { $0.sources == sources }
    }

    /// What is left of so many rounds, in order.
    package func pending(rounds: Int, transports: [String], drills: [String]) -> [SoakEntry.Run] {
        let done = Set(entries.map(\.run))
        let all = (0..<max(0, rounds)).flatMap { round in
            transports.flatMap { transport in
                drills.map { SoakEntry.Run(round: round + 1, transport: transport, drill: $0) }
            }
        }
        return all.filter { !done.contains($0) }
    }

    package mutating func add(_ entry: SoakEntry) { entries.append(entry) }

    /// Everything that was not passed.
    package var red: [SoakEntry] { entries.filter { $0.verdict != .passed } }

    /// All of it was run, and nothing of it or of any other round was red.
    package func hasPassed(rounds: Int, transports: [String], drills: [String]) -> Bool {
        !entries.isEmpty && red.isEmpty && pending(rounds: rounds, transports: transports, drills: drills).isEmpty
    }

    /// One line a drill and transport, and then what was red.
    package var summary: [String] {
        let groups = Dictionary(grouping: entries) { [$0.run.drill, $0.run.transport] }
        let rows = groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, entries in
            let red = entries.filter { $0.verdict != .passed }.count
            let slowest = Duration.milliseconds(entries.map(\.milliseconds).max() ?? 0).inWords
            return "\(key[0].padded(to: 34)) \(key[1].padded(to: 5)) \("\(entries.count)".padded(to: 6, .left)) "
                + "\("\(red)".padded(to: 5, .left)) \(slowest.padded(to: 9, .left))"
        }
        let head = "\("drill".padded(to: 34)) \("over".padded(to: 5)) rounds   red   slowest"
        return [head] + rows
            + red.map {
                "RED \($0.run.drill) over \($0.run.transport), round \($0.run.round): "
                    + "\($0.shortfalls.joined(separator: "; ")) (\($0.directory))"
            }
    }
}

extension SoakEntry {
    var summary: String {
        "round \(run.round)  \(run.transport.padded(to: 4))  \(run.drill.padded(to: 34)) "
            + "\(verdict == .passed ? "passed" : "RED")  \(Duration.milliseconds(milliseconds).inWords)"
    }

    /// The entry as a line of its own, even behind one that was cut off.
    func line(after text: String) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = String(decoding: try encoder.encode(self), as: UTF8.self)
        return (text.isEmpty || text.hasSuffix("\n") ? "" : "\n") + json + "\n"
    }
}
