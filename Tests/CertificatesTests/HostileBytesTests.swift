import Certificates
import TestPKI
import Testing
import Vocabulary

/// Whatever the bytes are, they are read or refused: no crash, no reason left behind for the next call.
@Suite struct HostileBytesTests {
    @Test func `a certificate with any byte changed is read or refused, and never verifies`() throws {
        let authority = try TestAuthority()
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
        let der = try TestAuthority().certificate.der
        for count in der.indices {
            #expect(throws: CertificateFailure.self) { try Certificate(der: Array(der.prefix(count))) }
        }
    }

    @Test func `an authority with bytes changed at random does not make anything verify that should not`() throws {
        let authority = try TestAuthority()
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

    @Test func `a PEM text with lines cut, doubled, swapped or changed is read as what stands in it or refused`() throws
    {
        let key = try PrivateKey.generateP256()
        let authority = try TestAuthority()
        let leaf = try authority.leaf(.listener(names: ["localhost"]), key: key)
        let whole =
            "\u{FEFF}subject=CN=leaf\r\n" + leaf.pem + "--- \n" + PEMText.block([6, 1, 1], label: "EC PARAMETERS")
            + key.pem.revealText() + "# end\n" + authority.certificate.pem
        let junk = [
            "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "-----BEGIN ", "-----", "\u{2014}END X\u{2014}",
            "Proc-Type: 4,ENCRYPTED", "-----BEGIN ENCRYPTED PRIVATE KEY-----", "\u{0}", "=", "AAAA", "text", "\u{FEFF}",
            "-----BEGIN TRUSTED CERTIFICATE-----", "-----END PRIVATE KEY-----",
        ]
        let known: Set = [leaf, authority.certificate]
        var generator = SeededGenerator(seed: 4)
        var counts = (read: 0, refused: 0)
        for _ in 0..<4000 {
            var lines = whole.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let (one, two) = (
                    Int.random(in: lines.indices, using: &generator), Int.random(in: lines.indices, using: &generator)
                )
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: lines.remove(at: one)
                case 1: lines.insert(lines[one], at: two)
                case 2: lines.swapAt(one, two)
                case 3: lines.insert(junk.randomElement(using: &generator) ?? "", at: one)
                default: lines[one] = String(lines[one].dropLast(Int.random(in: 1...3, using: &generator)))
                }
            }
            let text = lines.joined(separator: "\n")
            do throws(CertificateFailure) {
                let bundle = try CertificateBundle(pem: text, besideKey: true)
                counts.read += 1
                // Body lines that changed places make another certificate, which is not known and proves nothing.
                #expect(bundle.certificates.allSatisfy { known.contains($0) || !$0.isSignedBySomeone(in: known) })
            } catch {
                counts.refused += 1
                let text = error.operatorMessage.description
                #expect(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
            }
            if let read = try? PrivateKey(pem: Secret(text)) { #expect(read.publicKey == key.publicKey) }
        }
        #expect(counts.read > 300 && counts.refused > 300, "\(counts)")
    }

    @Test func `random text is no PEM, whatever is looked for`() {
        var generator = SeededGenerator(seed: 5)
        let alphabet = Array("-BEGIN END CERTIFICATE PRIVATE KEY\r\n\t=+/Az09#>\u{2013}\u{FEFF}:")
        for _ in 0..<5000 {
            let text = String(
                (0..<Int.random(in: 0...300, using: &generator)).map { _ in
                    alphabet[Int.random(in: alphabet.indices, using: &generator)]
                })
            #expect(throws: CertificateFailure.self) { try CertificateBundle(pem: text) }
            #expect(throws: CertificateFailure.self) { try PrivateKey(pem: Secret(text)) }
            #expect(throws: CertificateFailure.self) { try TLSServerKey(pem: Secret(text)) }
            #expect(throws: CertificateFailure.self) { try SigningRequest(pem: text) }
        }
    }

    @Test func `a public key whose point is not on the curve is refused`() throws {
        var spki = try PrivateKey.generateP256().publicKey.spki
        spki[spki.count - 1] ^= 1
        #expect(throws: CertificateFailure.self) { try PublicKey(spki: spki) }
    }
}

extension Certificate {
    /// Whether it verifies under an authority among these.
    fileprivate func isSignedBySomeone(in others: Set<Certificate>) -> Bool {
        ChainCheck.problems(leaf: self, anchors: Array(others), purpose: .server(host: "localhost"), at: noon).isEmpty
    }
}
