package import Foundation

/// Runs all drills over both transports, round after round, and goes on where an earlier invocation was ended.
@MainActor package struct Soak {
    private let options: DrillRunner.Options
    private let file: URL
    private let narrator: Narrator
    private let tell: @Sendable (String) -> Void

    /// - Parameters:
    ///   - file: the ledger; it is appended to.
    ///   - narrator: for the drills themselves.
    ///   - tell: is given one line a drill.
    package init(
        options: DrillRunner.Options, ledger file: URL, narrator: Narrator, tell: @escaping @Sendable (String) -> Void
    ) {
        self.options = options
        self.file = file
        self.narrator = narrator
        self.tell = tell
    }

    /// When the surrounding task is cancelled the drill under way ends, and leaves no entry.
    package func run(rounds: Int, of drills: [Drill], sources: String) async throws -> (
        ledger: SoakLedger, hasPassed: Bool
    ) {
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        var ledger = SoakLedger(text, sources: sources)
        let transports = AgentProcess.Transport.allCases.map(\.rawValue)
        let names = drills.map(\.name)
        for run in ledger.pending(rounds: rounds, transports: transports, drills: names) {
            guard let drill = drills.first(where: { $0.name == run.drill }) else { continue }
            var options = options
            options.usesHTTP = run.transport == AgentProcess.Transport.http.rawValue
            let report = try await DrillRunner(options: options, narrator: narrator).run([drill])
            guard let outcome = report.drills.first, outcome.verdict != .interrupted else { break }
            let entry = SoakEntry(sources: sources, run: run, outcome)
            try append(entry.line(after: text))
            ledger.add(entry)
            tell(
                "round \(run.round)  \(run.transport.padded(to: 4))  \(run.drill.padded(to: 34)) "
                    + "\(outcome.verdict == .passed ? "passed" : "RED")  "
                    + Duration.milliseconds(outcome.milliseconds).inWords)
        }
        return (ledger, ledger.hasPassed(rounds: rounds, transports: transports, drills: names))
    }

    private var text: String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }

    private func append(_ line: String) throws {
        if !FileManager.default.fileExists(atPath: file.path) { try Data().write(to: file) }
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(line.utf8))
    }
}
