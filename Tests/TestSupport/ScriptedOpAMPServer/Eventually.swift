/// Waits for something that another process or thread does. The limit is generous: it only ends a test that would
/// hang.
///
/// - Returns: false when it did not come.
public func eventually(within limit: Duration = .seconds(30), _ holds: () async throws -> Bool) async rethrows -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while clock.now < deadline {
        if try await holds() { return true }
        try? await clock.sleep(for: .milliseconds(10))
    }
    return try await holds()
}
