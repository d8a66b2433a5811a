import AgentCore
import Certificates
import Vocabulary

/// `tls` of the file, by the names of the collector's client TLS settings.
struct TLSConfiguration {
    var trust = ServerTrust(anchors: CertificateBundle([]), includesSystemRoots: true)
    var leaf: LeafChain?
    var key: PrivateKey?
    /// `nil` if they cannot be read again.
    var files: CertificateFiles?
    var bounds = TLSBounds()
    var skipsVerification = false

    static let proxyKeys = ["ca_file", "include_system_ca_certs_pool", "cert_file", "key_file", "key_passphrase_file"]
    static let serverKeys = proxyKeys + ["min_version", "max_version", "cipher_suites", "insecure_skip_verify"]

    init(_ holder: ConfigurationSection?, keys: [String]) throws(ConfigurationRefusal) {
        guard let section = try holder?.section("tls", keys: keys) else { return }
        let isNamed = section.contains("ca_file")
        trust.anchors = try section.bundle("ca_file") ?? trust.anchors
        // As the collector does: a CA file replaces the system's pool unless both are asked for.
        trust.includesSystemRoots = try section.bool("include_system_ca_certs_pool") ?? !isNamed
        leaf = try section.bundle("cert_file", besideKey: true).map {
            LeafChain(leaf: $0.certificates[0], intermediates: Array($0.certificates.dropFirst()))
        }
        key = try section.privateKey("key_file", passphrase: try section.secret("key_passphrase_file"))
        guard (leaf == nil) == (key == nil) else {
            throw .missing(section.name(leaf == nil ? "cert_file" : "key_file"))
        }
        if let leaf, let key, leaf.leaf.publicKey != key.publicKey {
            throw .badValue(
                section.name("key_file"), line: section.line(of: "key_file"),
                reason: "the key does not belong to the certificate in cert_file")
        }
        if let certificate = try section.text("cert_file"), let key = try section.text("key_file") {
            let files = CertificateFiles(
                certificate: certificate.content, key: key.content,
                passphrase: try section.text("key_passphrase_file")?.content)
            if files.canBeReadAgain { self.files = files }
        }
        let read = { (text: String) in TLSVersion(rawValue: text) }
        bounds.minimum = try section.value("min_version", expected: "\"1.2\" or \"1.3\"", read) ?? bounds.minimum
        bounds.maximum = try section.value("max_version", expected: "\"1.2\" or \"1.3\"", read) ?? bounds.maximum
        guard bounds.minimum <= bounds.maximum else {
            throw .badValue(
                section.name("max_version"), line: section.line(of: "max_version"), reason: "it is below min_version")
        }
        bounds.cipherSuites = try section.texts("cipher_suites")?.map(\.content) ?? []
        skipsVerification = try section.bool("insecure_skip_verify") ?? false
    }
}
