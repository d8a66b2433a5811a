import Foundation
import HostSystem
import TestValues

/// A real `opamp-agent`, the one that was built beside the test program. It writes into files, which are read while it
/// runs.
public final class AgentProcess: Sendable {
    public struct End: Hashable, Sendable {
        public let status: Int32?
        public let signal: Int32?
        public let output: String
        public let log: String
    }

    private let process: ChildProcess
    private let folder: TemporaryFolder

    public static var program: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: own).deletingLastPathComponent().appending(path: "opamp-agent").path
    }

    /// - Parameter crashAt: for `OPAMP_CRASH_AT`.
    public init(_ arguments: [String], crashAt: String? = nil) throws {
        folder = try TemporaryFolder("opamp-process")
        var environment = ProcessInfo.processInfo.environment
        environment["OPAMP_CRASH_AT"] = crashAt
        process = try ChildProcess(
            Self.program, arguments, environment: environment, output: .file(folder.file("out").path),
            errors: .file(folder.file("err").path))
    }

    private func text(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: folder.file(name).path) ?? Data(), as: UTF8.self)
    }

    public var isRunning: Bool { process.isRunning }
    public var log: String { text("err") }

    public func send(_ signal: Int32) { process.send(signal) }

    /// Waits for its end; kills it if that does not come.
    public func end() async -> End {
        if await !eventually(within: .seconds(60), { !isRunning }) { send(SIGKILL) }
        let (status, signal): (Int32?, Int32?) =
            switch await process.ended() {
            case .exited(let status): (status, nil)
            case .killed(let signal): (nil, signal)
            case .unknown: (nil, nil)
            }
        return End(status: status, signal: signal, output: text("out"), log: log)
    }

    public static func run(_ arguments: [String], crashAt: String? = nil) async throws -> End {
        try await AgentProcess(arguments, crashAt: crashAt).end()
    }
}
