import Certificates
import TestPKI
import Testing
import Vocabulary

@Suite struct KeyTests {
    @Test func `a signature holds for its message and its key only`() throws {
        let (key, other) = (try PrivateKey.generateP256(), try PrivateKey.generateP256())
        let signature = try key.signature(for: Array("move".utf8))
        #expect(signature.count == 64)
        #expect(key.publicKey.isValidSignature(signature, for: Array("move".utf8)))
        #expect(!key.publicKey.isValidSignature(signature, for: Array("stay".utf8)))
        #expect(!key.publicKey.isValidSignature(signature, for: []))
        #expect(!other.publicKey.isValidSignature(signature, for: Array("move".utf8)))
    }

    @Test func `an empty message can be signed`() throws {
        let key = try PrivateKey.generateP256()
        #expect(try key.publicKey.isValidSignature(key.signature(for: []), for: []))
    }

    @Test func `a signature is refused when any of its bits is flipped`() throws {
        let key = try PrivateKey.generateP256()
        let signature = try key.signature(for: [1])
        for bit in 0..<512 {
            var changed = signature
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.publicKey.isValidSignature(changed, for: [1]), "bit \(bit)")
        }
    }

    @Test(arguments: [0, 1, 32, 63, 65, 70, 72, 128])
    func `a signature of any other length is refused`(count: Int) throws {
        let key = try PrivateKey.generateP256()
        let signature = try key.signature(for: [1])
        #expect(!key.publicKey.isValidSignature(Array((signature + signature).prefix(count)), for: [1]))
    }

    @Test func `r and s of zero or of the group's order and above are refused`() throws {
        let key = try PrivateKey.generateP256()
        let good = try key.signature(for: [1])
        let zero = [UInt8](repeating: 0, count: 32)
        let order = try #require(Hex.decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
        let most = [UInt8](repeating: 255, count: 32)
        for bad in [zero, order, most] {
            #expect(!key.publicKey.isValidSignature(bad + good[32...], for: [1]))
            #expect(!key.publicKey.isValidSignature(good[..<32] + bad, for: [1]))
            #expect(!key.publicKey.isValidSignature(bad + bad, for: [1]))
        }
    }

    @Test func `a key pair survives its PEM`() throws {
        let key = try PrivateKey.generateP256()
        let again = try PrivateKey(pem: key.pem)
        #expect(again.publicKey == key.publicKey)
        #expect(again.pem == key.pem)
        #expect(try key.publicKey.isValidSignature(again.signature(for: [1]), for: [1]))
        #expect(try PublicKey(spki: key.publicKey.spki) == key.publicKey)
        #expect(key.publicKey.algorithm == .p256)
    }

    @Test func `a private key does not print`() throws {
        let key = try PrivateKey.generateP256()
        #expect(!"\(key)".contains("PRIVATE"))
        #expect("\(key.pem)" == "(redacted)")
    }

    @Test func `keys of the openssl command are read in both of its forms and sign alike`() async throws {
        let openssl = try OpenSSLCommand()
        try await openssl.run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "pkcs8.pem")
        try await openssl.run("ec", "-in", "pkcs8.pem", "-out", "sec1.pem")
        let key = try PrivateKey(pem: Secret(openssl.read("pkcs8.pem")))
        let sec1 = try PrivateKey(pem: Secret(openssl.read("sec1.pem")))
        #expect(key.publicKey == sec1.publicKey)
        #expect(key.pem == sec1.pem)
        try await openssl.run("pkey", "-in", "pkcs8.pem", "-pubout", "-outform", "DER", "-out", "public.der")
        #expect(try openssl.readBytes("public.der") == key.publicKey.spki)
    }

    struct Kind: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let algorithm: PublicKey.Algorithm
        let servesTLS: Bool
        var testDescription: String { "\(algorithm), \(arguments.last ?? "")" }

        static let all = [
            Kind(arguments: ["RSA", "rsa_keygen_bits:2048"], algorithm: .rsa(bits: 2048), servesTLS: true),
            Kind(arguments: ["RSA", "rsa_keygen_bits:1024"], algorithm: .rsa(bits: 1024), servesTLS: false),
            Kind(arguments: ["RSA-PSS", "rsa_keygen_bits:2048"], algorithm: .other, servesTLS: false),
            Kind(arguments: ["ED25519"], algorithm: .ed25519, servesTLS: false),
            Kind(arguments: ["EC", "ec_paramgen_curve:P-384"], algorithm: .p384, servesTLS: true),
            Kind(arguments: ["EC", "ec_paramgen_curve:secp256k1"], algorithm: .other, servesTLS: false),
            Kind(
                arguments: ["EC", "ec_paramgen_curve:P-256", "ec_param_enc:explicit"], algorithm: .explicitCurve,
                servesTLS: false),
        ]

        /// Of `genpkey`.
        var options: [String] {
            ["-algorithm", arguments[0]] + arguments.dropFirst().flatMap { ["-pkeyopt", $0] }
        }
    }

    @Test(arguments: Kind.all)
    func `a key of another kind is not taken as ours, and its public half never verifies`(kind: Kind) async throws {
        let openssl = try OpenSSLCommand()
        try await openssl.run(["genpkey", "-out", "key.pem"] + kind.options)
        try await openssl.run("pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "public.der")
        let text = Secret(try openssl.read("key.pem"))
        #expect(
            failure(of: { try PrivateKey(pem: text) })
                == .unsupportedKey(.privateKey, kind.algorithm, accepted: .p256))
        let publicKey = try PublicKey(spki: openssl.readBytes("public.der"))
        #expect(publicKey.algorithm == kind.algorithm)
        if kind.servesTLS {
            let key = try TLSServerKey(pem: text)
            #expect(key.publicKey == publicKey)
            #expect(try TLSServerKey(pem: key.pem).publicKey == publicKey)
        } else {
            #expect(
                failure(of: { try TLSServerKey(pem: text) })
                    == .unsupportedKey(.privateKey, kind.algorithm, accepted: .tlsServer))
        }
        #expect(!publicKey.isValidSignature([UInt8](repeating: 1, count: 64), for: [1]))
    }

    @Test(arguments: [
        (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], PublicKey.Algorithm.rsa(bits: 2048)),
        (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], .p384), (["-algorithm", "ED25519"], .ed25519),
    ])
    func `a host may have a key of another kind, which signs no token`(
        options: [String], algorithm: PublicKey.Algorithm
    ) async throws {
        let openssl = try OpenSSLCommand()
        try await openssl.run(["genpkey", "-out", "key.pem"] + options)
        let pem = Secret(try openssl.read("key.pem"))
        let key = try PrivateKey(clientPEM: pem)
        #expect(key.publicKey.algorithm == algorithm)
        #expect(failure(of: { try PrivateKey(pem: pem) }) == .unsupportedKey(.privateKey, algorithm, accepted: .p256))
        try openssl.write(try SigningRequest(key: key, subject: "host").pem, to: "request.pem")
        _ = try await openssl.run("req", "-verify", "-noout", "-in", "request.pem")
    }

    @Test(arguments: [
        ["pkey", "-aes256"], ["ec", "-aes256"], ["pkey", "-traditional", "-aes128"],
    ])
    func `an encrypted private key is called encrypted, and its decrypted copy is read`(form: [String]) async throws {
        let openssl = try OpenSSLCommand()
        let key = try PrivateKey.generateP256()
        try openssl.write(key.pem.revealText(), to: "plain.pem")
        try await openssl.run(form + ["-in", "plain.pem", "-passout", "pass:x", "-out", "sealed.pem"])
        let text = Secret("# sealed\n" + (try openssl.read("sealed.pem")))
        #expect(failure(of: { try PrivateKey(pem: text) }) == .pem(.encryptedKey(line: 2)))
        #expect(failure(of: { try TLSServerKey(pem: text) }) == .pem(.encryptedKey(line: 2)))
        #expect(try PrivateKey(clientPEM: text, passphrase: Secret("x")).publicKey == key.publicKey)
        #expect(try PrivateKey(clientPEM: key.pem, passphrase: Secret("x")).publicKey == key.publicKey)
        guard
            case .unreadable(.privateKey, _)? = failure(of: { try PrivateKey(clientPEM: text, passphrase: Secret("y")) }
            )
        else {
            Issue.record("a wrong passphrase is accepted")
            return
        }
        // The advised command.
        try await openssl.run("pkey", "-in", "sealed.pem", "-passin", "pass:x", "-out", "opened.pem")
        #expect(try PrivateKey(pem: Secret(openssl.read("opened.pem"))).publicKey == key.publicKey)
    }

    @Test func `a key with explicit curve parameters is read after the advised conversion`() async throws {
        let openssl = try OpenSSLCommand()
        try await openssl.run(["genpkey", "-out", "key.pem"] + Kind.all[6].options)
        let refused = failure(of: { try PrivateKey(pem: Secret(openssl.read("key.pem"))) })
        #expect(refused?.operatorMessage.cause.contains("explicit curve parameters") == true)
        #expect(refused?.operatorMessage.nextAction.contains("-ec_param_enc named_curve") == true)
        try await openssl.run("pkey", "-in", "key.pem", "-ec_param_enc", "named_curve", "-out", "named.pem")
        #expect(try PrivateKey(pem: Secret(openssl.read("named.pem"))).publicKey.algorithm == .p256)
    }

    @Test func `the parameters that openssl ecparam writes before the key are passed over`() async throws {
        let openssl = try OpenSSLCommand()
        try await openssl.run("ecparam", "-name", "prime256v1", "-genkey", "-out", "key.pem")
        let text = try openssl.read("key.pem")
        #expect(text.hasPrefix("-----BEGIN EC PARAMETERS-----"))
        #expect(try PrivateKey(pem: Secret(text)).publicKey.algorithm == .p256)
    }

    @Test func `the older format of RSA keys serves TLS, and two keys in one text are refused`() async throws {
        let openssl = try OpenSSLCommand()
        try await openssl.run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "pkcs8.pem")
        try await openssl.run("pkey", "-in", "pkcs8.pem", "-traditional", "-out", "pkcs1.pem")
        let text = try openssl.read("pkcs1.pem")
        #expect(text.contains("BEGIN RSA PRIVATE KEY"))
        #expect(try TLSServerKey(pem: Secret(text)).pem == Secret(openssl.read("pkcs8.pem")))
        #expect(failure(of: { try TLSServerKey(pem: Secret(text + text)) }) == .pem(.tooMany(limit: 1)))
    }

    @Test func `a TLS server's key belongs to the certificate over its public half`() throws {
        let key = try PrivateKey.generateP256()
        let authority = try TestAuthority()
        #expect(try TLSServerKey(key).belongs(to: authority.leaf(.listener(names: ["a.example"]), key: key)))
        #expect(try !TLSServerKey(key).belongs(to: authority.leaf(.listener(names: ["a.example"]))))
    }

    @Test(arguments: ["", "junk", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
    func `what is not a private key is refused`(text: String) {
        #expect(failure(of: { try PrivateKey(pem: Secret(text)) }) != nil)
    }

    @Test func `our signatures satisfy the openssl command, and its signatures us`() async throws {
        let openssl = try OpenSSLCommand()
        let key = try PrivateKey.generateP256()
        let message = Array("the same bytes on both sides".utf8)
        try openssl.write(key.pem.revealText(), to: "key.pem")
        try await openssl.run("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
        try openssl.write(message, to: "message")

        try await openssl.run("dgst", "-sha256", "-sign", "key.pem", "-out", "signature.der", "message")
        let theirs = try raw(fromDER: openssl.readBytes("signature.der"))
        #expect(key.publicKey.isValidSignature(theirs, for: message))

        try openssl.write(der(fromRaw: key.signature(for: message)), to: "ours.der")
        let verdict = try await openssl.run(
            "dgst", "-sha256", "-verify", "public.pem", "-signature", "ours.der", "message")
        #expect(verdict.contains("Verified OK"))
    }

    /// SEQUENCE { INTEGER r, INTEGER s }, by hand, so that the conversion under test is not its own judge.
    private func raw(fromDER der: [UInt8]) throws -> [UInt8] {
        let rCount = Int(der[3])
        let r = der[4..<4 + rCount]
        let s = der[(4 + rCount + 2)...]
        return [r, s].flatMap { number in
            let digits = number.drop { $0 == 0 }
            return [UInt8](repeating: 0, count: 32 - digits.count) + digits
        }
    }

    private func der(fromRaw raw: [UInt8]) -> [UInt8] {
        let numbers = [raw[..<32], raw[32...]].flatMap { number -> [UInt8] in
            let digits = number.drop { $0 == 0 }
            let value = digits[digits.startIndex] & 0x80 == 0 ? Array(digits) : [0] + digits
            return [2, UInt8(value.count)] + value
        }
        return [0x30, UInt8(numbers.count)] + numbers
    }
}
