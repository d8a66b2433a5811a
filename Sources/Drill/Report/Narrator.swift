import Vocabulary

/// Tells a person what happens while it happens.
@MainActor package final class Narrator {
    package struct Style: Sendable {
        /// Escape sequences are allowed: colours, and a line for the step under way that is replaced by its outcome.
        package var isTerminal: Bool

        package init(isTerminal: Bool) { self.isTerminal = isTerminal }
    }

    private let style: Style
    private let write: (String) -> Void
    private static let titleWidth = 66

    /// - Parameter write: receives text, line ends included.
    package init(style: Style, write: @escaping (String) -> Void) {
        self.style = style
        self.write = write
    }

    func open(_ drill: Drill, in directory: String) {
        line("\n\(paint(.strong, drill.name))  \(drill.summary)")
        line(paint(.faint, "  in \(directory)"))
        line(paint(.faint, "\n        at      took"))
    }

    func begin(_ title: String, after start: Duration) {
        guard style.isTerminal else { return }
        write(cut("  \(Self.clock(start))            · \(title) ..."))
    }

    func finish(_ step: StepRecord) {
        if style.isTerminal { write("\r\u{1B}[K") }
        let failed = step.failure != nil
        let mark = failed ? paint(.bad, "✗") : paint(.good, "✓")
        let note = failed ? "" : step.note
        let title = note.isEmpty ? step.title : step.title.padded(to: Self.titleWidth)
        let start = Self.clock(.milliseconds(step.startedAfterMilliseconds))
        let took = Duration.milliseconds(step.milliseconds).inWords.padded(to: 8, .left)
        let columns = ["", paint(.faint, start), took, "\(mark) \(failed ? paint(.bad, title) : title)"]
        let text = "\(columns.joined(separator: "  ")) \(paint(.faint, note))".trimmedRight
        line(failed ? text : cut(text))
    }

    /// - Parameter ended: processes that are no longer there; it may have been the drill that killed them.
    func explain(_ failure: StepRecord.Failure, ended: [String], logs: [String]) {
        let rows =
            (failure.expected.map { [("expected", $0)] } ?? []) + [("seen", failure.seen)]
            + ended.enumerated().map { ($0 == 0 ? "ended" : "", $1) }
            + logs.enumerated().map { ($0 == 0 ? "logs" : "", $1) }
        let margin = String(repeating: " ", count: 24)
        for (name, text) in rows {
            // The lines of a process's last words keep the column.
            let inColumn = text.replacing("\n", with: "\n" + margin + String(repeating: " ", count: 11))
            line(margin + paint(.bad, name.padded(to: 10)) + " " + inColumn)
        }
    }

    func show(_ invariants: [InvariantRecord]) {
        line("\n  invariants")
        for one in invariants {
            let (mark, word) =
                switch one.verdict {
                case .passed: (paint(.good, "✓"), "passed")
                case .broken: (paint(.bad, "✗"), "BROKEN")
                case .notObserved where one.isRequired: (paint(.bad, "✗"), "NOT OBSERVED")
                case .notObserved: (paint(.faint, "–"), "not observed")
                }
            let text =
                "    \(one.id.padded(to: 3))  \(mark) \(word.padded(to: 13)) \(one.statement.padded(to: 67)) "
                + paint(.faint, one.reason)
            let isShortfall = one.verdict == .broken || one.verdict == .notObserved && one.isRequired
            line(isShortfall ? text : cut(text))
        }
    }

    func conclude(_ outcome: DrillOutcome) {
        let verdict =
            switch outcome.verdict {
            case .passed: paint(.good, "passed")
            case .failed: paint(.bad, "FAILED")
            case .interrupted: paint(.bad, "interrupted")
            }
        let time = Duration.milliseconds(outcome.milliseconds).inWords
        line("\n  \(paint(.strong, outcome.name)) \(verdict): \(outcome.steps.count) steps in \(time)")
        for shortfall in outcome.shortfalls where outcome.verdict == .failed { line("    " + paint(.bad, shortfall)) }
    }

    func show(_ lines: [String]) {
        for text in lines { line("  \(text)") }
    }

    /// The table at the end, one line a drill.
    package func close(_ report: DrillReport, file: String) {
        if report.drills.count > 1 {
            line("\n  \("drill".padded(to: 32)) \("verdict".padded(to: 12)) steps      time  invariants")
            for drill in report.drills {
                let word = drill.verdict == .passed ? "passed" : drill.verdict.rawValue.uppercased()
                let counted = [InvariantRecord.Verdict.passed, .broken, .notObserved].compactMap { verdict in
                    let count = drill.invariants.filter { $0.verdict == verdict }.count
                    return count == 0 ? nil : "\(count) \(verdict == .notObserved ? "not observed" : verdict.rawValue)"
                }
                let painted = paint(drill.verdict == .passed ? .good : .bad, word.padded(to: 12))
                line(
                    "  \(drill.name.padded(to: 32)) \(painted) \("\(drill.steps.count)".padded(to: 5, .left))  "
                        + "\(Duration.milliseconds(drill.milliseconds).inWords.padded(to: 8, .left))  "
                        + counted.joined(separator: ", "))
            }
        }
        line("  report  \(file)")
    }

    private func line(_ text: String) { write(text + "\n") }

    private enum Paint: String {
        case good = "32", bad = "31", faint = "2", strong = "1"
    }

    private func paint(_ paint: Paint, _ text: String) -> String {
        style.isTerminal && !text.isEmpty ? "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Ends at the terminal's right margin instead of going on in the next line: what went well may lose its end, which
    /// the report has, and a line that is to be replaced is one line.
    ///
    /// Without DECAWM all that is too long is written to the last column, which is therefore erased.
    private func cut(_ text: String) -> String {
        style.isTerminal ? "\u{1B}[?7l\(text)\u{1B}[999C\u{1B}[K\u{1B}[?7h" : text
    }

    private static func clock(_ duration: Duration) -> String {
        let hundredths = duration.milliseconds / 10
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s".padded(to: 8, .left)
    }
}

extension String {
    enum Side { case left, right }

    /// Filled with spaces on the given side; longer texts stay whole.
    func padded(to width: Int, _ side: Side = .right) -> String {
        let fill = String(repeating: " ", count: Swift.max(0, width - count))
        return side == .left ? fill + self : self + fill
    }

    fileprivate var trimmedRight: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
