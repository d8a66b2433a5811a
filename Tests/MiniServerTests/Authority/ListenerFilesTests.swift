import Certificates
import Foundation
import TestPKI
import Testing
import Vocabulary

@testable import MiniServer

/// Listener certificates as other tools issue, store and renew them.
@Suite(.timeLimit(.minutes(1)))
struct ListenerFilesTests {
    private static func configuration(
        in root: URL, certificate: String = "listener.pem", key: String = "listener.key"
    ) -> ServerConfiguration {
        ServerConfiguration(
            dataDirectory: root.appending(path: "eu").path, name: "eu", port: 0,
            listenerFiles: (root.appending(path: certificate).path, root.appending(path: key).path))
    }

    /// A certificate of its own authority for this host, with its key beside it.
    private static func issue(
        _ name: String = "listener", key: [String] = ["EC", "ec_paramgen_curve:P-256"], in root: URL
    ) async throws -> Certificate {
        try await OpenSSLCommand(in: root).certificate(
            name, extensions: ["subjectAltName=DNS:localhost,IP:127.0.0.1", "basicConstraints=critical,CA:TRUE"],
            key: ["-algorithm", key[0], "-pkeyopt", key[1]])
    }

    private static func shown(by server: RunningServer) async throws -> Certificate? {
        try await PresentedChain.dial(host: "127.0.0.1", port: #require(await server.server.port)).first
    }

    @Test(arguments: [
        ["RSA", "rsa_keygen_bits:2048"], ["RSA", "rsa_keygen_bits:3072"], ["EC", "ec_paramgen_curve:P-384"],
        ["EC", "ec_paramgen_curve:P-256"],
    ])
    func `a key of each kind that the policy names serves a handshake`(key: [String]) async throws {
        try await RunningServer.withDirectory { root in
            let certificate = try await Self.issue(key: key, in: root)
            try await RunningServer.runOnce(Self.configuration(in: root)) { server in
                let port = try #require(await server.server.port)
                let client = try await RawClient.connect(to: port, trusting: certificate)
                try await client.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(await client.answer()?.status == 200)
                #expect(try await client.serverCertificate() == certificate)
                await client.close()
            }
        }
    }

    @Test func `a renewal that replaces links is found behind the same names`() async throws {
        try await RunningServer.withDirectory { root in
            let (first, second) = (try await Self.issue("c1", in: root), try await Self.issue("c2", in: root))
            let point = { @Sendable (number: Int) throws in
                for (name, kind) in [("fullchain.pem", "pem"), ("privkey.pem", "key")] {
                    let link = root.appending(path: name).path
                    try? FileManager.default.removeItem(atPath: link)
                    try FileManager.default.createSymbolicLink(
                        atPath: link, withDestinationPath: "c\(number).\(kind)")
                }
            }
            try point(1)
            let configuration = Self.configuration(in: root, certificate: "fullchain.pem", key: "privkey.pem")
            try await RunningServer.runOnce(configuration) { server in
                #expect(try await Self.shown(by: server) == first)
                try point(2)
                await server.server.context.renewListener()
                #expect(try await Self.shown(by: server) == second)
            }
        }
    }

    @Test func `one file may hold certificate and key`() async throws {
        try await RunningServer.withDirectory { root in
            let certificate = try await Self.issue(in: root)
            let key = try Data(contentsOf: root.appending(path: "listener.key"))
            try (Data(certificate.pem.utf8) + key).write(to: root.appending(path: "both.pem"))
            let configuration = Self.configuration(in: root, certificate: "both.pem", key: "both.pem")
            let shown = try await RunningServer.runOnce(configuration) { server in try await Self.shown(by: server) }
            #expect(shown == certificate)
        }
    }

    @Test func `a data directory may be named by a link`() async throws {
        try await RunningServer.withDirectory { root in
            _ = try await Self.issue(in: root)
            try FileManager.default.createDirectory(
                at: root.appending(path: "volume"), withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700])
            try FileManager.default.createSymbolicLink(
                atPath: root.appending(path: "eu").path, withDestinationPath: "volume")
            try await RunningServer.runOnce(Self.configuration(in: root)) { _ in
                #expect(FileManager.default.fileExists(atPath: root.appending(path: "volume/server.sqlite").path))
            }
        }
    }

    @Test func `a refusal names the file, the line and what ends it`() async throws {
        try await RunningServer.withDirectory { root in
            let certificate = try await Self.issue(in: root)
            let key = root.appending(path: "listener.key")
            let sealed = try await OpenSSLCommand().run("pkey", "-in", key.path, "-aes256", "-passout", "pass:x")
            let pem = String(decoding: try Data(contentsOf: key), as: UTF8.self)
            let table: [(chain: String, key: String, file: String, words: [String])] = [
                (certificate.pem, "\n" + sealed, "listener.key", ["line 2", "openssl pkey -in KEY -out KEY2"]),
                (certificate.pem, certificate.pem, "listener.key", ["PRIVATE KEY", "it holds \"CERTIFICATE\""]),
                (pem, pem, "listener.pem", ["CERTIFICATE", "it holds \"PRIVATE KEY\""]),
                (String(certificate.pem.dropLast(30)), pem, "listener.pem", ["line 1", "END"]),
            ]
            for row in table {
                try Data(row.chain.utf8).write(to: root.appending(path: "listener.pem"))
                try Data(row.key.utf8).write(to: key)
                let failure = await #expect(throws: AuthorityFailure.self) {
                    try await RunningServer.runOnce(Self.configuration(in: root)) { _ in () }
                }
                let text = failure?.operatorMessage.description ?? ""
                for word in row.words + [row.file] { #expect(text.contains(word), "\(text)") }
            }
        }
    }
}
