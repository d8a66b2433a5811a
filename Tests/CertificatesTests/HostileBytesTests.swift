import Certificates
import Testing
import Vocabulary

/// Whatever the bytes are, they are read or refused: no crash, no reason left behind for the next call.
@Suite struct HostileBytesTests {
    @Test func `a certificate with any byte changed is read or refused, and never verifies`() throws {
        let authority = try Authority()
        let der = try authority.leaf(.listener(names: ["localhost", "127.0.0.1"])).der
        var generator = SeededGenerator(seed: 1)
        for index in der.indices {
            var changed = der
            changed[index] ^= UInt8.random(in: 1...255, using: &generator)
            guard let certificate = try? Certificate(der: changed) else { continue }
            let problems = ChainCheck.problems(
                leaf: certificate, anchors: [authority.certificate], purpose: .server(host: "localhost"), at: noon)
            #expect(!problems.isEmpty, "byte \(index)")
            #expect(certificate.fingerprint.bytes == Digest.sha256(changed))
        }
    }

    @Test func `a certificate cut anywhere is refused`() throws {
        let der = try Authority().certificate.der
        for count in der.indices {
            #expect(throws: CertificateFailure.self) { try Certificate(der: Array(der.prefix(count))) }
        }
    }

    @Test func `an authority with bytes changed at random does not make anything verify that should not`() throws {
        let authority = try Authority()
        let leaf = try authority.leaf(.agentLeaf(agentID))
        let der = authority.certificate.der
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<2000 {
            var changed = der
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: changed.indices, using: &generator)
                changed[index] = UInt8.random(in: 0...255, using: &generator)
            }
            // The same point, if only written differently, is the same key.
            guard let anchor = try? Certificate(der: changed),
                anchor.publicKey.spki.suffix(64) != authority.certificate.publicKey.spki.suffix(64)
            else { continue }
            #expect(!ChainCheck.problems(leaf: leaf, anchors: [anchor], purpose: .client, at: noon).isEmpty)
        }
    }

    @Test func `random bytes are no key, no certificate and no request`() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            #expect(throws: CertificateFailure.self) { try Certificate(der: bytes) }
            #expect(throws: CertificateFailure.self) { try PublicKey(spki: bytes) }
            #expect(throws: CertificateFailure.self) {
                try SigningRequest(pem: PEMText.block(bytes, label: "CERTIFICATE REQUEST"))
            }
            #expect(throws: CertificateFailure.self) {
                try PrivateKey(pem: Secret(PEMText.block(bytes, label: "PRIVATE KEY")))
            }
        }
    }

    @Test func `a private key with any byte changed is read or refused`() throws {
        let pem = try PrivateKey.generateP256().pem.revealText()
        let der = try #require(PEMText.bytes(of: pem))
        for index in der.indices {
            var changed = der
            changed[index] ^= 0x41
            if let key = try? PrivateKey(pem: Secret(PEMText.block(changed, label: "PRIVATE KEY"))) {
                #expect(key.publicKey.algorithm == .p256)
            }
        }
    }

    @Test func `a private key that belongs to another public key is refused`() throws {
        let (one, two) = (try PrivateKey.generateP256(), try PrivateKey.generateP256())
        let der = try #require(PEMText.bytes(of: one.pem.revealText()))
        // The point stands in the last 64 bytes of the key's own encoding.
        let mixed = der.dropLast(64) + two.publicKey.spki.suffix(64)
        #expect(throws: CertificateFailure.keyMismatch) {
            try PrivateKey(pem: Secret(PEMText.block(Array(mixed), label: "PRIVATE KEY")))
        }
    }

    @Test func `a public key whose point is not on the curve is refused`() throws {
        var spki = try PrivateKey.generateP256().publicKey.spki
        spki[spki.count - 1] ^= 1
        #expect(throws: CertificateFailure.self) { try PublicKey(spki: spki) }
    }
}
