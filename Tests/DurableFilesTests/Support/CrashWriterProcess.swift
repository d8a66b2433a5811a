import Foundation

/// A running `crash-writer`, which stands beside the test program.
final class CrashWriterProcess {
    private let process = Process()
    private let output = Pipe()
    private let input = Pipe()
    private var rest = Data()

    init(_ arguments: String..., crashAt point: String? = nil) throws {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: program).deletingLastPathComponent().appending(path: "crash-writer")
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["OPAMP_CRASH_AT"] = point
        process.environment = environment
        process.standardOutput = output
        process.standardInput = input
        try process.run()
    }

    var id: Int32 { process.processIdentifier }

    /// The next line it says; `nil` when it says no more.
    func nextLine() -> String? {
        while true {
            if let end = rest.firstIndex(of: 10) {
                defer { rest = Data(rest[(end + 1)...]) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { return nil }
            rest += more
        }
    }

    func kill() { _ = Foundation.kill(id, SIGKILL) }

    func endInput() { try? input.fileHandleForWriting.close() }

    /// What it said until its end, and how it ended.
    func finish() -> (lines: [String], signal: Int32?, status: Int32) {
        var lines: [String] = []
        while let line = nextLine() { lines.append(line) }
        process.waitUntilExit()
        let wasKilled = process.terminationReason == .uncaughtSignal
        return (lines, wasKilled ? process.terminationStatus : nil, wasKilled ? -1 : process.terminationStatus)
    }
}
