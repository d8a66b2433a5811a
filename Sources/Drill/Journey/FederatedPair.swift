package import Foundation

/// EU and US, started and federated as the drills do it, for a program that brings its own agents.
@MainActor package struct FederatedPair {
    package let eu: ServerProcess
    package let us: ServerProcess
    private let world: DrillWorld

    /// - Parameter directory: is made; it must not be there yet.
    package static func start(in directory: URL, programs: Programs, narrator: Narrator) async throws -> FederatedPair {
        let world = try DrillWorld(directory: directory, programs: programs, transport: .ws)
        let run = DrillRun(world: world, narrator: narrator)
        let regions = TwoRegions(run)
        let pair = FederatedPair(eu: regions.eu, us: regions.us, world: world)
        do {
            try await run.step("EU and US start") { notes in
                try await regions.start(regions.eu, notes)
                try await regions.start(regions.us, notes)
                notes.say("\(regions.eu.base) and \(regions.us.base)")
            }
            try await run.step("they federate") { try await regions.federate($0) }
        } catch {
            await pair.end(removing: false)
            throw error
        }
        return pair
    }

    /// - Parameter removing: keys, tokens and databases; the logs stay.
    package func end(removing: Bool) async {
        await world.tearDown()
        if removing { world.removeState() }
    }
}
