import Certificates
import Foundation
import Vocabulary

@testable import MiniServer

/// A root, an intermediate and a listener certificate as a company's CA issues them, made by `openssl`.
struct CorporatePKI: Sendable {
    let root: Certificate
    let intermediate: Certificate
    let leaf: Certificate
    private let folder: URL

    struct Failed: Error {}

    /// - Parameter folder: where its files go, under names of its own.
    init(in folder: URL) async throws {
        let place = folder.appending(path: "corporate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        func file(_ name: String) -> String { place.appending(path: name).path }
        func certificate(_ name: String) throws -> Certificate {
            guard let data = FileManager.default.contents(atPath: file(name)) else { throw Failed() }
            return try Certificate(pem: String(decoding: data, as: UTF8.self))
        }
        try Data("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n".utf8)
            .write(to: place.appending(path: "ca.ext"))
        try Data("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n".utf8)
            .write(to: place.appending(path: "leaf.ext"))
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        func request(_ name: String, subject: String) async throws {
            _ = try await OpenSSL.run(
                ["req", "-new"] + key + [
                    "-keyout", file("\(name).key"), "-out", file("\(name).csr"), "-subj", subject,
                ],
                input: "")
        }
        func sign(_ name: String, by issuer: [String], _ extensions: String) async throws {
            _ = try await OpenSSL.run(
                ["x509", "-req", "-in", file("\(name).csr")] + issuer
                    + ["-set_serial", "7", "-days", "9", "-extfile", file(extensions), "-out", file("\(name).pem")],
                input: "")
        }
        try await request("root", subject: "/CN=Corp Root")
        try await sign("root", by: ["-signkey", file("root.key")], "ca.ext")
        try await request("intermediate", subject: "/CN=Corp Issuing")
        try await sign("intermediate", by: ["-CA", file("root.pem"), "-CAkey", file("root.key")], "ca.ext")
        try await request("leaf", subject: "/CN=localhost")
        try await sign("leaf", by: ["-CA", file("intermediate.pem"), "-CAkey", file("intermediate.key")], "leaf.ext")
        (root, intermediate, leaf) = (
            try certificate("root.pem"), try certificate("intermediate.pem"), try certificate("leaf.pem")
        )
        self.folder = place
    }

    /// What `--listener-cert` and `--listener-key` name.
    func files(withRoot: Bool) throws -> (certificate: String, key: String) {
        let chain = folder.appending(path: withRoot ? "chain.pem" : "fullchain.pem")
        try Data((leaf.pem + intermediate.pem + (withRoot ? root.pem : "")).utf8).write(to: chain)
        return (chain.path, folder.appending(path: "leaf.key").path)
    }

    var key: PrivateKey {
        get throws { try PrivateKey(pem: Secret(Array(try Data(contentsOf: folder.appending(path: "leaf.key"))))) }
    }
}
