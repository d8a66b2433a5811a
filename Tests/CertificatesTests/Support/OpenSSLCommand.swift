import Certificates
import Foundation

/// The `openssl` command in a directory of its own: a second opinion, and a maker of certificates we refuse to make.
final class OpenSSLCommand {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    @discardableResult
    func run(_ arguments: String...) throws -> String { try run(arguments) }

    @discardableResult
    func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = directory
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
        guard process.terminationStatus == 0 else { throw Failed(description: "\(arguments): \(text)") }
        return text
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: directory.appending(path: name))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: directory.appending(path: name))
    }

    func read(_ name: String) throws -> String {
        try String(contentsOf: directory.appending(path: name), encoding: .utf8)
    }

    func readBytes(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: directory.appending(path: name)))
    }

    /// A certificate with any extensions, key and digest, valid from now for 30 days.
    ///
    /// - Parameters:
    ///   - issuer: the name of an earlier one; `nil` signs itself.
    ///   - key: arguments of `genpkey`.
    @discardableResult
    func certificate(
        _ name: String, by issuer: String? = nil, extensions: [String],
        key: [String] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], digest: String = "sha256"
    ) throws -> Certificate {
        try write(
            "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=\(name)\n[ext]\n" + extensions.joined(separator: "\n"),
            to: "\(name).cnf")
        var generate = ["genpkey", "-out", "\(name).key"]
        generate += key
        try run(generate)
        try run("req", "-new", "-config", "\(name).cnf", "-key", "\(name).key", "-out", "\(name).csr")
        var sign = [
            "x509", "-req", "-in", "\(name).csr", "-out", "\(name).pem", "-days", "30", "-\(digest)",
            "-extfile", "\(name).cnf", "-extensions", "ext",
        ]
        if let issuer {
            sign += ["-CA", "\(issuer).pem", "-CAkey", "\(issuer).key", "-CAcreateserial"]
        } else {
            sign += ["-key", "\(name).key"]
        }
        try run(sign)
        return try Certificate(pem: read("\(name).pem"))
    }
}
