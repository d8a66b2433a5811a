import Foundation
import Vocabulary

/// Everything one run has measured; times are milliseconds.
struct BenchReport: Codable, Hashable, Sendable {
    struct Machine: Codable, Hashable, Sendable {
        var date: String
        var processors: Int
        var processor: String
        var kernel: String

        static var present: Machine {
            let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
            let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
            let kernel = try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
            return Machine(
                date: Timestamp.present.description, processors: ProcessInfo.processInfo.activeProcessorCount,
                processor: (model ?? "unknown").trimmingCharacters(in: .whitespaces),
                kernel: (kernel ?? "unknown").trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    var machine: Machine
    var durableWrite: Figures?
    var single: SingleHandover?
    var enrolmentsPerSecond: Double?
    var crowds: [CrowdHandover] = []

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}

extension Timestamp {
    /// The wall clock that the servers write their audit trails by.
    static var present: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}

// MARK: - For people

extension BenchReport {
    var table: String {
        var lines = [
            "", "  \(machine.date)  \(machine.processor), \(machine.processors) processors, Linux \(machine.kernel)",
        ]
        if let durableWrite { lines += Self.rows("yardstick", [("one durable write of 4 KiB", durableWrite)]) }
        if let single {
            lines += Self.rows(
                "one handover",
                [
                    ("offer sent -> first message on the target", single.offerToFirstMessage),
                    ("offer sent -> adopted, on the agent's disk", single.offerToAdopted),
                    ("offer sent -> arrived, as the target knows it", single.offerToArrived),
                    ("agent: candidate saved -> source left", single.leaving),
                    ("agent: dial -> adopted, saved", single.joining),
                    ("operator: the redeem request", single.redemption),
                ])
        }
        for crowd in crowds { lines += Self.rows(of: crowd) }
        lines += [
            "",
            "  Offer sent, first message and arrived are the audit trails' times, in whole milliseconds of one clock;",
            "  the agent's own times are finer. Every durable write of servers and agents is part of them.", "",
        ]
        return lines.joined(separator: "\n")
    }

    private static func rows(of crowd: CrowdHandover) -> [String] {
        let how = crowd.isHeld ? "let go in the same instant" : "offered as they are redeemed"
        let title = "\(crowd.agents) agents \(crowd.leg.rawValue), \(how)"
        let start = crowd.isHeld ? "let go" : "first offer sent"
        let facts = [
            "    arrived \(crowd.arrived) of \(crowd.agents); issued \(crowd.issuedPerSecond.short)/s, "
                + "redeemed \(crowd.redeemedPerSecond.short)/s",
            "    \(start) -> last first message \(crowd.untilLastFirstMessage.short) ms, last adopted "
                + "\(crowd.untilLastAdopted.short) ms, last arrived \(crowd.untilLastArrived.short) ms",
        ]
        let own = crowd.isHeld ? "let go" : "own offer sent"
        return rows(
            title,
            [
                ("\(own) -> first message on the target", crowd.eachToFirstMessage),
                ("\(own) -> arrived", crowd.eachToArrived),
            ]) + facts
    }

    private static func rows(_ title: String, _ rows: [(String, Figures)]) -> [String] {
        let heading = line(title, ["n", "min", "median", "p95", "max"])
        return ["", heading]
            + rows.map { name, figures in
                line(
                    "  " + name,
                    ["\(figures.count)"] + [figures.min, figures.median, figures.p95, figures.max].map(\.short))
            }
    }

    private static func line(_ name: String, _ cells: [String]) -> String {
        "  " + name.padding(toLength: max(52, name.count), withPad: " ", startingAt: 0)
            + cells.map { String(repeating: " ", count: max(1, 9 - $0.count)) + $0 }.joined()
    }
}

extension Double {
    /// Two digits behind the point below ten, one below a hundred, else none.
    fileprivate var short: String {
        guard isFinite else { return "-" }
        let digits = self < 10 ? 2 : self < 100 ? 1 : 0
        return formatted(
            .number.precision(.fractionLength(digits)).grouping(.never).locale(Locale(identifier: "en_US_POSIX")))
    }
}
