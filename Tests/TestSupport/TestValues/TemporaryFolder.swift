public import Foundation

/// A folder of its own for one test, for its owner only. It goes with the value, and with all that is in it.
public final class TemporaryFolder: Sendable {
    public let url: URL

    /// - Parameter purpose: the beginning of its name, for people who find the folder of a test that was killed.
    public init(_ purpose: String) throws {
        url = FileManager.default.temporaryDirectory.appending(path: "\(purpose)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    public var path: String { url.path }

    public func file(_ name: String) -> URL { url.appending(path: name) }

    /// Lends one that stays until the body is done; a value may go after its last use.
    public static func lend<Value>(
        _ purpose: String, isolation: isolated (any Actor)? = #isolation, to body: (URL) async throws -> Value
    ) async throws -> Value {
        let folder = try TemporaryFolder(purpose)
        defer { withExtendedLifetime(folder) {} }
        return try await body(folder.url)
    }

    public static func lend<Value>(_ purpose: String, to body: (URL) throws -> Value) throws -> Value {
        let folder = try TemporaryFolder(purpose)
        return try withExtendedLifetime(folder) { try body(folder.url) }
    }
}
