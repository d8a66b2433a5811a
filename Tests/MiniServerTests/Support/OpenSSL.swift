import Foundation

/// The `openssl` program, for what our own client library cannot do.
enum OpenSSL {
    static func run(_ arguments: [String], input: String) async throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = FileHandle.nullDevice
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        // Off the cooperative pool: the server under test needs its threads.
        let output: Data = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                let data = (try? stdout.fileHandleForReading.readToEnd()) ?? Data()
                process.waitUntilExit()
                continuation.resume(returning: data)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
