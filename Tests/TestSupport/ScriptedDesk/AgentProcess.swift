import Foundation
import Synchronization

/// A real `opamp-agent`, the one that was built beside the test program.
public final class AgentProcess: Sendable {
    public struct End: Hashable, Sendable {
        public let status: Int32?
        public let signal: Int32?
        public let output: String
        public let log: String
    }

    private struct Seen {
        var output = Data()
        var log = Data()
        var openPipes = 2
        var hasEnded = false
    }

    private let process: Process
    private let seen: SharedBox<Seen>

    public static var program: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: own).deletingLastPathComponent().appending(path: "opamp-agent").path
    }

    /// - Parameter crashAt: for `OPAMP_CRASH_AT`.
    public init(_ arguments: [String], crashAt: String? = nil) throws {
        process = Process()
        process.executableURL = URL(filePath: Self.program)
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["OPAMP_CRASH_AT"] = crashAt
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let seen = SharedBox(Seen())
        self.seen = seen
        process.standardOutput = Self.pipe { more in seen.withLock { more.isEmpty ? ($0.openPipes -= 1) : $0.output.append(more) } }
        process.standardError = Self.pipe { more in seen.withLock { more.isEmpty ? ($0.openPipes -= 1) : $0.log.append(more) } }
        process.terminationHandler = { _ in seen.withLock { $0.hasEnded = true } }
        try process.run()
    }

    private static func pipe(_ take: @escaping @Sendable (Data) -> Void) -> Pipe {
        let pipe = Pipe()
        pipe.fileHandleForReading.readabilityHandler = { handle in
            let more = handle.availableData
            if more.isEmpty { handle.readabilityHandler = nil }
            take(more)
        }
        return pipe
    }

    public var isRunning: Bool { !seen.withLock { $0.hasEnded } }
    public var log: String { seen.withLock { String(decoding: $0.log, as: UTF8.self) } }

    public func send(_ signal: Int32) { _ = kill(process.processIdentifier, signal) }

    /// Waits for its end; kills it if that does not come.
    public func end() async -> End {
        if await !eventually(within: .seconds(60), { seen.withLock { $0.hasEnded && $0.openPipes == 0 } }) {
            send(SIGKILL)
            _ = await eventually { seen.withLock { $0.hasEnded } }
        }
        let wasKilled = process.terminationReason == .uncaughtSignal
        let status = process.terminationStatus
        return seen.withLock { seen in
            End(
                status: wasKilled ? nil : status, signal: wasKilled ? status : nil,
                output: String(decoding: seen.output, as: UTF8.self), log: String(decoding: seen.log, as: UTF8.self))
        }
    }

    public static func run(_ arguments: [String], crashAt: String? = nil) async throws -> End {
        try await AgentProcess(arguments, crashAt: crashAt).end()
    }
}

final class SharedBox<Value>: Sendable {
    private let value: Mutex<Value>
    init(_ value: sending Value) { self.value = Mutex(value) }
    func withLock<Result>(_ body: (inout sending Value) -> sending Result) -> sending Result { value.withLock(body) }
}
