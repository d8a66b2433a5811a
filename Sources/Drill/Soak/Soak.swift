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

    /// When the surrounding task is cancelled the drills under way end, and leave no entry.
    ///
    /// - Parameter jobs: how many drills run at once, each with servers and agents of its own.
    package func run(rounds: Int, of drills: [Drill], jobs: Int = 1, sources: String) async throws -> (
        ledger: SoakLedger, hasPassed: Bool
    ) {
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        var ledger = SoakLedger(text, sources: sources)
        let transports = AgentProcess.Transport.allCases.map(\.rawValue)
        let names = drills.map(\.name)
        var pending = ledger.pending(rounds: rounds, transports: transports, drills: names)[...]
        try await withThrowingTaskGroup(of: SoakEntry?.self) { group in
            func begin() {
                guard let run = pending.popFirst() else { return }
                group.addTask { try await entry(of: run, among: drills, sources: sources) }
            }
            for _ in 0..<jobs { begin() }
            while let finished = try await group.next() {
                guard let entry = finished else {
                    pending = []
                    continue
                }
                try append(entry.line(after: text))
                ledger.add(entry)
                tell(entry.summary)
                begin()
            }
        }
        return (ledger, ledger.hasPassed(rounds: rounds, transports: transports, drills: names))
    }

    /// `nil` when the drill was interrupted.
    private func entry(of run: SoakEntry.Run, among drills: [Drill], sources: String) async throws -> SoakEntry? {
        var options = options
        options.usesHTTP = run.transport == AgentProcess.Transport.http.rawValue
        let report = try await DrillRunner(options: options, narrator: narrator)
            .run(drills.filter { $0.name == run.drill })
        guard let outcome = report.drills.first, outcome.verdict != .interrupted else { return nil }
        return SoakEntry(sources: sources, run: run, outcome)
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
