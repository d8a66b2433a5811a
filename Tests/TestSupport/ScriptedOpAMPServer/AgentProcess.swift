import Foundation
import Synchronization

/// A real `opamp-agent`, the one that was built beside the test program.
///
/// It writes into files: the end of a pipe comes late when other processes, started meanwhile, have inherited it.
public final class AgentProcess: Sendable {
    public struct End: Hashable, Sendable {
        public let status: Int32?
        public let signal: Int32?
        public let output: String
        public let log: String
    }

    private let process: Process
    private let hasEnded = Atomic(false)
    private let files: String

    public static var program: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: own).deletingLastPathComponent().appending(path: "opamp-agent").path
    }

    /// - Parameter crashAt: for `OPAMP_CRASH_AT`.
    public init(_ arguments: [String], crashAt: String? = nil) throws {
        process = Process()
        files = NSTemporaryDirectory() + "opamp-process-\(UUID().uuidString)"
        process.executableURL = URL(filePath: Self.program)
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["OPAMP_CRASH_AT"] = crashAt
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let (output, error) = (try Self.file(files + ".out"), try Self.file(files + ".err"))
        process.standardOutput = output
        process.standardError = error
        process.terminationHandler = { [weak self] _ in self?.hasEnded.store(true, ordering: .releasing) }
        try process.run()
        // The child has its own. `Process` would keep these for good, and it crashes beyond some thousand.
        try output.close()
        try error.close()
    }

    deinit { for suffix in [".out", ".err"] { try? FileManager.default.removeItem(atPath: files + suffix) } }

    private static func file(_ path: String) throws -> FileHandle {
        try Data().write(to: URL(filePath: path))
        return try FileHandle(forWritingTo: URL(filePath: path))
    }

    private func text(_ suffix: String) -> String {
        String(decoding: FileManager.default.contents(atPath: files + suffix) ?? Data(), as: UTF8.self)
    }

    public var isRunning: Bool { !hasEnded.load(ordering: .acquiring) }
    public var log: String { text(".err") }

    public func send(_ signal: Int32) { _ = kill(process.processIdentifier, signal) }

    /// Waits for its end; kills it if that does not come.
    public func end() async -> End {
        if await !eventually(within: .seconds(60), { !isRunning }) {
            send(SIGKILL)
            _ = await eventually { !isRunning }
        }
        let wasKilled = process.terminationReason == .uncaughtSignal
        let status = process.terminationStatus
        return End(
            status: wasKilled ? nil : status, signal: wasKilled ? status : nil, output: text(".out"), log: log)
    }

    public static func run(_ arguments: [String], crashAt: String? = nil) async throws -> End {
        try await AgentProcess(arguments, crashAt: crashAt).end()
    }
}
