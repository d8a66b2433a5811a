import ScriptedOpAMPServer
import Testing

/// Every name the program itself knows, so that a new one is tested without anybody thinking of it.
func crashPoints() async throws -> [String] {
    let end = try await AgentProcess.run(["crash-points"])
    let names = end.output.split(separator: "\n").map(String.init)
    try #require(names.count > 20)
    return names
}

/// Runs the body for each, a few at a time.
func atOnce<Item: Sendable, Result: Sendable>(
    _ items: [Item], width: Int = 4, _ body: @escaping @Sendable (Item) async throws -> Result,
    each take: (Result) -> Void
) async throws {
    try await withThrowingTaskGroup(of: Result.self) { group in
        var rest = items[...]
        for item in rest.prefix(width) { group.addTask { try await body(item) } }
        rest = rest.dropFirst(width)
        while let result = try await group.next() {
            take(result)
            if let item = rest.popFirst() { group.addTask { try await body(item) } }
        }
    }
}

/// The same draws for the same seed (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
