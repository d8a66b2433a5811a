public import Certificates
public import Foundation
import Vocabulary

/// A root, an intermediate and a listener certificate as a company's CA issues them. They come from the `openssl`
/// command: an authority of the product has none below it.
public struct CorporatePKI: Sendable {
    public let root: Certificate
    public let intermediate: Certificate
    public let leaf: Certificate
    public let key: PrivateKey

    public init() async throws {
        let openssl = try OpenSSLCommand()
        let ca = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
        root = try await openssl.certificate("root", extensions: ca)
        intermediate = try await openssl.certificate("intermediate", by: "root", extensions: ca)
        leaf = try await openssl.certificate(
            "leaf", by: "intermediate",
            extensions: ["subjectAltName=DNS:localhost,IP:127.0.0.1", "extendedKeyUsage=serverAuth"])
        key = try PrivateKey(pem: Secret(openssl.read("leaf.key")))
    }

    /// Writes what `--listener-cert` and `--listener-key` name, and replaces what an earlier call has written.
    public func write(withRoot: Bool, into folder: URL) throws -> (certificate: String, key: String) {
        let files = (folder.appending(path: "corporate.pem"), folder.appending(path: "corporate.key"))
        try Data((leaf.pem + intermediate.pem + (withRoot ? root.pem : "")).utf8).write(to: files.0)
        try Data(key.pem.reveal()).write(to: files.1)
        return (files.0.path, files.1.path)
    }
}
