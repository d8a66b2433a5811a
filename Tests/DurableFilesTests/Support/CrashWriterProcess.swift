import Foundation
import HostSystem

/// A running `crash-writer`, which stands beside the test program.
final class CrashWriterProcess {
    private let process: ChildProcess
    private var rest: [UInt8] = []

    init(_ arguments: String..., crashAt point: String? = nil) throws {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var environment = ProcessInfo.processInfo.environment
        environment["OPAMP_CRASH_AT"] = point
        process = try ChildProcess(
            URL(filePath: program).deletingLastPathComponent().appending(path: "crash-writer").path, arguments,
            environment: environment, input: .pipe, output: .pipe)
    }

    var id: Int32 { process.processID }

    /// The next line it says; `nil` when it says no more.
    func nextLine() async throws -> String? {
        while true {
            if let end = rest.firstIndex(of: 10) {
                defer { rest = Array(rest[(end + 1)...]) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            let more = try await process.output.next()
            if more.isEmpty { return nil }
            rest += more
        }
    }

    func kill() { process.send(SIGKILL) }

    func endInput() { process.input.close() }

    /// What it said until its end, and how it ended.
    func finish() async throws -> (lines: [String], ending: ProcessEnd) {
        var lines: [String] = []
        while let line = try await nextLine() { lines.append(line) }
        return (lines, await process.ended())
    }
}
