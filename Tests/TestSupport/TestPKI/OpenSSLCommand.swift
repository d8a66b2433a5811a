public import Certificates
public import Foundation
import HostSystem
import TestValues
import Vocabulary

/// The `openssl` command in a directory: a second opinion, and a maker of certificates that the product refuses to make.
public final class OpenSSLCommand: Sendable {
    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    public let directory: URL
    private let own: TemporaryFolder?

    /// - Parameter directory: one of its own, which goes with it, unless it is given.
    public init(in directory: URL? = nil) throws {
        if let directory {
            (own, self.directory) = (nil, directory)
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        } else {
            let folder = try TemporaryFolder("openssl")
            (own, self.directory) = (folder, folder.url)
        }
    }

    /// - Returns: its standard output.
    @discardableResult
    public func run(_ arguments: String..., input: String = "") async throws -> String {
        try await run(arguments, input: input)
    }

    @discardableResult
    public func run(_ arguments: [String], input: String = "") async throws -> String {
        try write(input, to: "stdin")
        let words = ([directory.path, "openssl"] + arguments).map { "'\($0.replacing("'", with: "'\\''"))'" }
        let line = "cd \(words[0]) && \(words.dropFirst().joined(separator: " ")) < stdin > stdout 2> stderr"
        let outcome = await ShellCommand.run(line, limit: .seconds(50))
        guard outcome.isGood else {
            throw Failed(description: "\(arguments): \(outcome.course): \((try? read("stderr")) ?? "")")
        }
        return try read("stdout")
    }

    public func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    public func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: directory.appending(path: name))
    }

    public func read(_ name: String) throws -> String { String(decoding: try readBytes(name), as: UTF8.self) }

    public func readBytes(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: directory.appending(path: name)))
    }

    /// A certificate with any extensions, key and digest, valid from now for 30 days; in `name.pem`, its key in
    /// `name.key`.
    ///
    /// - Parameters:
    ///   - issuer: the name of an earlier one; `nil` signs itself.
    ///   - key: arguments of `genpkey`.
    @discardableResult
    public func certificate(
        _ name: String, by issuer: String? = nil, extensions: [String],
        key: [String] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], digest: String = "sha256"
    ) async throws -> Certificate {
        try write(
            "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=\(name)\n[ext]\n" + extensions.joined(separator: "\n"),
            to: "\(name).cnf")
        try await run(["genpkey", "-out", "\(name).key"] + key)
        try await run("req", "-new", "-config", "\(name).cnf", "-key", "\(name).key", "-out", "\(name).csr")
        var sign = [
            "x509", "-req", "-in", "\(name).csr", "-out", "\(name).pem", "-days", "30", "-\(digest)",
            "-extfile", "\(name).cnf", "-extensions", "ext",
        ]
        if let issuer {
            sign += ["-CA", "\(issuer).pem", "-CAkey", "\(issuer).key", "-CAcreateserial"]
        } else {
            sign += ["-key", "\(name).key"]
        }
        try await run(sign)
        return try Certificate(pem: read("\(name).pem"))
    }
}
