import AgentCore
import Certificates
import DurableFiles
import Vocabulary

/// `tls.cert_file`, `tls.key_file` and `tls.key_passphrase_file`: the certificate of a host whose PKI issues and renews it.
public struct CertificateFiles: Hashable, Sendable {
    public var certificate: String
    public var key: String
    /// The file whose first line is the passphrase of the key.
    public var passphrase: String?

    public init(certificate: String, key: String, passphrase: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.passphrase = passphrase
    }

    /// Whether they can be read again: a pipe holds what it holds once.
    var canBeReadAgain: Bool {
        [certificate, key, passphrase].compactMap(\.self).allSatisfy(OperatorFile.canBeReadAgain)
    }

    struct Pair {
        let leaf: LeafChain
        let key: PrivateKey
    }

    /// The files as they are now.
    ///
    /// - Throws: a reason when they cannot take the place of what the agent has: one is missing or not readable, they do not
    ///   belong together, or the certificate is not valid now. A renewal may have written one of them only.
    func read(at now: Timestamp) throws(Unusable) -> Pair {
        let leaf: LeafChain
        let own: PrivateKey
        do {
            let chain = try CertificateBundle(pem: text(of: certificate, .public), besideKey: true).certificates
            leaf = LeafChain(leaf: chain[0], intermediates: Array(chain.dropFirst()))
            let secret = try passphrase.flatMap { Secret(tokenText: try text(of: $0, .private)) }
            own = try PrivateKey(clientPEM: Secret(try text(of: key, .private)), passphrase: secret)
        } catch let failure as any OperatorExplainable {
            throw Unusable(reason: failure.operatorMessage.cause)
        } catch {
            throw Unusable(reason: "\(error)")
        }
        guard leaf.leaf.publicKey == own.publicKey else {
            throw Unusable(reason: "\(key) holds no key for the certificate in \(certificate).")
        }
        guard leaf.leaf.notBefore <= now, now < leaf.leaf.notAfter else {
            throw Unusable(reason: "The certificate in \(certificate) is not valid now.")
        }
        return Pair(leaf: leaf, key: own)
    }

    struct Unusable: Error, OperatorExplainable {
        let reason: String

        var operatorMessage: OperatorMessage {
            OperatorMessage(
                code: ConfigurationCode.badFile.code, title: "The renewed certificate is not used", cause: reason,
                nextAction: "Correct the files; the agent reads them again every hour and on SIGHUP.")
        }
    }

    private func text(of path: String, _ mode: AtomicFile.Mode) throws -> String {
        guard let bytes = try OperatorFile.read(path, limit: Limits.pemBytes, mode: mode) else {
            throw Unusable(reason: "There is no file \(path).")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
