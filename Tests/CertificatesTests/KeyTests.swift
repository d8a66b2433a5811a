import Certificates
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

    @Test func `keys of the openssl command are read in both of its forms and sign alike`() throws {
        let openssl = try OpenSSLCommand()
        try openssl.run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "pkcs8.pem")
        try openssl.run("ec", "-in", "pkcs8.pem", "-out", "sec1.pem")
        let key = try PrivateKey(pem: Secret(openssl.read("pkcs8.pem")))
        let sec1 = try PrivateKey(pem: Secret(openssl.read("sec1.pem")))
        #expect(key.publicKey == sec1.publicKey)
        #expect(key.pem == sec1.pem)
        try openssl.run("pkey", "-in", "pkcs8.pem", "-pubout", "-outform", "DER", "-out", "public.der")
        #expect(try openssl.readBytes("public.der") == key.publicKey.spki)
    }

    @Test(arguments: [
        ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["-algorithm", "ED25519"],
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"],
    ])
    func `a key of another kind is not taken as ours, and its public half never verifies`(kind: [String]) throws {
        let openssl = try OpenSSLCommand()
        try openssl.run(["genpkey", "-out", "key.pem"] + kind)
        try openssl.run("pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "public.der")
        let text = Secret(try openssl.read("key.pem"))
        #expect(failure(of: { try PrivateKey(pem: text) }) == .unsupportedKey(.privateKey))
        let publicKey = try PublicKey(spki: openssl.readBytes("public.der"))
        #expect(publicKey.algorithm == .other)
        #expect(!publicKey.isValidSignature([UInt8](repeating: 1, count: 64), for: [1]))
    }

    @Test func `an encrypted private key is refused`() throws {
        let openssl = try OpenSSLCommand()
        try openssl.write(PrivateKey.generateP256().pem.revealText(), to: "plain.pem")
        try openssl.run("pkey", "-in", "plain.pem", "-aes256", "-passout", "pass:x", "-out", "sealed.pem")
        let text = Secret(try openssl.read("sealed.pem"))
        #expect(failure(of: { try PrivateKey(pem: text) }) == .pem(.privateKeyInside))
    }

    @Test(arguments: ["", "junk", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
    func `what is not a private key is refused`(text: String) {
        #expect(failure(of: { try PrivateKey(pem: Secret(text)) }) != nil)
    }

    @Test func `our signatures satisfy the openssl command, and its signatures us`() throws {
        let openssl = try OpenSSLCommand()
        let key = try PrivateKey.generateP256()
        let message = Array("the same bytes on both sides".utf8)
        try openssl.write(key.pem.revealText(), to: "key.pem")
        try openssl.run("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
        try openssl.write(message, to: "message")

        try openssl.run("dgst", "-sha256", "-sign", "key.pem", "-out", "signature.der", "message")
        let theirs = try raw(fromDER: openssl.readBytes("signature.der"))
        #expect(key.publicKey.isValidSignature(theirs, for: message))

        try openssl.write(der(fromRaw: key.signature(for: message)), to: "ours.der")
        let verdict = try openssl.run(
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
