/// What a number of measurements of one thing come to.
struct Statistics: Hashable, Sendable {
    private let sorted: [Double]

    /// - Parameter samples: at least one.
    init(_ samples: [Double]) { sorted = samples.sorted() }

    var count: Int { sorted.count }
    var min: Double { sorted.first ?? .nan }
    var median: Double { share(0.5) }
    var p95: Double { share(0.95) }
    var p99: Double { share(0.99) }
    var max: Double { sorted.last ?? .nan }

    /// The smallest sample that this share of all does not exceed.
    private func share(_ share: Double) -> Double {
        guard !sorted.isEmpty else { return .nan }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[Swift.max(rank, 1) - 1]
    }
}
