/// What a number of measurements of one thing come to, in milliseconds unless its name says otherwise.
struct Figures: Codable, Hashable, Sendable {
    var count: Int
    var min: Double
    var median: Double
    var p95: Double
    var max: Double

    /// - Parameter samples: at least one.
    init(_ samples: [Double]) {
        let sorted = samples.sorted()
        count = sorted.count
        min = sorted.first ?? .nan
        median = Self.share(0.5, of: sorted)
        p95 = Self.share(0.95, of: sorted)
        max = sorted.last ?? .nan
    }

    init(_ samples: [Duration]) { self.init(samples.map { $0 / .milliseconds(1) }) }

    /// The smallest sample that this share of all does not exceed.
    private static func share(_ share: Double, of sorted: [Double]) -> Double {
        guard !sorted.isEmpty else { return .nan }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[Swift.max(rank, 1) - 1]
    }
}
