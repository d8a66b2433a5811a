import Foundation

/// The samples of one run, and the two forms in which they are told.
struct Report: Sendable {
    /// A tenth of everything was measured, so no target is met or missed.
    let isQuick: Bool
    private(set) var samples: [Figure.Name: [Double]] = [:]

    init(isQuick: Bool) { self.isQuick = isQuick }

    mutating func add(_ name: Figure.Name, _ values: [Double]) { samples[name, default: []] += values }

    /// One figure as it stands in the file.
    struct Row: Encodable {
        var name: String
        var unit: String
        var n: Int
        var min: Double?
        var median: Double?
        var p95: Double?
        var max: Double?
        /// In words, with the yardsticks' values of this run.
        var target: String?
        /// What is compared with the target.
        var value: Double?
        /// Absent where there is no target, no sample, or the target is for another machine.
        var met: Bool?

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try container.encode(unit, forKey: .unit)
            try container.encode(n, forKey: .n)
            try container.encode(min, forKey: .min)
            try container.encode(median, forKey: .median)
            try container.encode(p95, forKey: .p95)
            try container.encode(max, forKey: .max)
            try container.encode(target, forKey: .target)
            try container.encode(value, forKey: .value)
            try container.encode(met, forKey: .met)
        }

        private enum CodingKeys: String, CodingKey {
            case name, unit, n, min, median, p95, max, target, value, met
        }
    }

    /// Every figure somebody asked for, the ones without a sample too.
    func rows(_ names: Set<Figure.Name>) -> [(figure: Figure, row: Row)] {
        Figure.all.filter { names.contains($0.name) || samples[$0.name] != nil }.map { ($0, row(of: $0)) }
    }

    private func row(of figure: Figure) -> Row {
        let statistics = samples[figure.name].flatMap { $0.isEmpty ? nil : Statistics($0) }
        var row = Row(
            name: figure.name.rawValue, unit: figure.unit, n: statistics?.count ?? 0, min: statistics?.min,
            median: statistics?.median, p95: statistics?.p95, max: statistics?.max)
        guard let target = figure.target else { return row }
        let limit = bound(of: target)
        row.target = text(of: target, limit: limit, unit: figure.unit)
        row.value = statistics.map(target.statistic.value)
        guard let value = row.value, let limit, isFor(target), !isQuick else { return row }
        row.met = target.isCeiling ? value <= limit : value >= limit
        return row
    }

    private func median(_ name: Figure.Name) -> Double? { samples[name].map { Statistics($0).median } }

    /// `nil` while a yardstick of it was not measured.
    private func bound(of target: Figure.Target) -> Double? {
        guard !target.yardsticks.isEmpty else { return target.factor }
        let medians = target.yardsticks.compactMap(median)
        return medians.count == target.yardsticks.count ? target.factor * medians.reduce(0, +) : nil
    }

    private func isFor(_ target: Figure.Target) -> Bool {
        guard let condition = target.given else { return true }
        return median(condition.name).map { $0 <= condition.limit } ?? false
    }

    private func text(of target: Figure.Target, limit: Double?, unit: String) -> String {
        let sign = target.isCeiling ? "<=" : ">="
        var text = "\(target.statistic.rawValue) \(sign) \(limit.map(\.short) ?? "?") \(unit)"
        if !target.yardsticks.isEmpty {
            text += " (\(target.factor.short) x \(target.yardsticks.map(\.rawValue).joined(separator: " + ")))"
        }
        if let condition = target.given { text += ", given \(condition.name.rawValue) <= \(condition.limit.short)" }
        if let stretch = target.stretch { text += ", stretch \(stretch)" }
        return text
    }
}

// MARK: - The two forms

extension Report {
    func json(_ names: Set<Figure.Name>) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(rows(names).map(\.row)), as: UTF8.self) + "\n"
    }

    /// The table of docs/benchmarks.md.
    func table(_ names: Set<Figure.Name>) -> String {
        let lines = rows(names).map { figure, row in
            let numbers = [row.min, row.median, row.p95, row.max].map { $0?.short ?? "-" }
            let verdict = row.met.map { $0 ? "met" : "**missed**" } ?? (row.n == 0 ? "not measured" : "-")
            return "| \(figure.title), \(figure.unit) | \(row.n) | \(numbers.joined(separator: " | ")) "
                + "| \(row.target ?? "-") | \(verdict) |"
        }
        return
            ([
                Machine.present.description, "", "| figure | n | min | median | p95 | max | target | |",
                "| --- | --- | --- | --- | --- | --- | --- | --- |",
            ] + lines).joined(separator: "\n") + "\n"
    }
}

/// Where and when it was measured.
struct Machine: CustomStringConvertible {
    var description: String

    static var present: Machine {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
        let kernel = try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
        let load = try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
        let date = Date.now.formatted(.iso8601.year().month().day())
        return Machine(
            description: "\(date), \((model ?? "unknown processor").trimmingCharacters(in: .whitespaces)), "
                + "\(ProcessInfo.processInfo.activeProcessorCount) processors, Linux "
                + (kernel ?? "?").trimmingCharacters(in: .whitespacesAndNewlines)
                + ", load average at the end \(load?.prefix { $0 != " " } ?? "?")")
    }
}

extension Double {
    /// Two digits behind the point below ten, one below a hundred, else none.
    var short: String {
        guard isFinite else { return "-" }
        let digits = self == rounded() ? 0 : self < 10 ? 2 : self < 100 ? 1 : 0
        return formatted(
            .number.precision(.fractionLength(digits)).grouping(.never).locale(Locale(identifier: "en_US_POSIX")))
    }
}
