import Certificates
import Foundation
import TestPKI
import Testing
import Vocabulary

@Suite struct CertificateBundleTests {
    @Test func `order is kept and repetitions are dropped`() throws {
        let (first, second) = (try TestAuthority("one").certificate, try TestAuthority("two").certificate)
        let bundle = try CertificateBundle(pem: second.pem + first.pem + second.pem)
        #expect(bundle.certificates == [second, first])
        #expect(try CertificateBundle(pem: bundle.pem) == bundle)
        #expect(CertificateBundle([first, first]).certificates == [first])
    }

    @Test func `our PEM is the PEM of others`() throws {
        let certificate = try TestAuthority().certificate
        #expect(certificate.pem == PEMText.block(certificate.der, label: "CERTIFICATE"))
    }

    @Test
    func `text around the blocks, a byte order mark, indentation and either kind of line end are no part of them`()
        throws
    {
        let (one, two) = (try TestAuthority("one").certificate, try TestAuthority("two").certificate)
        let pems = one.pem + two.pem
        let texts = [
            "# Ampora US\n\n  \t\n" + pems.replacing("\n", with: "\r\n") + "\n# end",
            "\u{FEFF}" + pems, "\u{FEFF}" + one.pem + "\u{FEFF}" + two.pem,
            pems.split(separator: "\n").map { "    \($0) \t" }.joined(separator: "\n"),
            "Hello,\nhere is everything from BEGIN to END:\n" + one.pem + "-- \nsubject=CN=x\n---\n" + two.pem + "Bye",
            one.pem + "# -----BEGIN CERTIFICATE-----\n# AAAA\n# -----END CERTIFICATE-----\n" + two.pem,
            pems.replacing("CERTIFICATE", with: "X509 CERTIFICATE"),
        ]
        for text in texts {
            #expect(try CertificateBundle(pem: text).certificates == [one, two], "\(text.prefix(60))")
        }
    }

    @Test func `what openssl x509 -text prints is read`() async throws {
        let openssl = try OpenSSLCommand()
        let certificate = try await openssl.certificate("root", extensions: ["basicConstraints=critical,CA:TRUE"])
        let text = try await openssl.run("x509", "-text", "-in", "root.pem")
        #expect(text.contains("Signature Algorithm"))
        #expect(try CertificateBundle(pem: text).certificates == [certificate])
    }

    @Test func `a certificate with OpenSSL's trust settings is refused with the command that converts it`() async throws
    {
        let openssl = try OpenSSLCommand()
        let certificate = try await openssl.certificate("root", extensions: ["basicConstraints=critical,CA:TRUE"])
        try await openssl.run("x509", "-in", "root.pem", "-addreject", "serverAuth", "-out", "trusted.pem")
        let refused = failure(of: { try CertificateBundle(pem: openssl.read("trusted.pem")) })
        #expect(refused == .pem(.trustedCertificate(line: 1)))
        #expect(refused?.operatorMessage.nextAction.contains("openssl x509 -in FILE -out FILE2") == true)
        try await openssl.run("x509", "-in", "trusted.pem", "-out", "plain.pem")
        #expect(try CertificateBundle(pem: openssl.read("plain.pem")).certificates == [certificate])
    }

    @Test func `a file may hold the key of its certificate where that is expected, and nowhere else`() throws {
        let key = try PrivateKey.generateP256()
        let leaf = try TestAuthority().leaf(.listener(names: ["localhost"]), key: key)
        let parameters = PEMText.block([6, 1, 1], label: "EC PARAMETERS")
        for text in [leaf.pem + parameters + key.pem.revealText(), key.pem.revealText() + leaf.pem] {
            #expect(try CertificateBundle(pem: text, besideKey: true).certificates == [leaf])
            #expect(try PrivateKey(pem: Secret(text)).publicKey == key.publicKey)
        }
        let line = leaf.pem.count { $0 == "\n" } + 1
        #expect(
            failure(of: { try CertificateBundle(pem: leaf.pem + key.pem.revealText()) })
                == .pem(.privateKeyInside(line: line)))
        #expect(
            failure(of: { try CertificateBundle(pem: key.pem.revealText(), besideKey: true) })
                == .pem(.nothingInside(expected: "CERTIFICATE", found: ["PRIVATE KEY"])))
        #expect(
            failure(of: { try PrivateKey(pem: Secret(leaf.pem)) })
                == .pem(.nothingInside(expected: "PRIVATE KEY", found: ["CERTIFICATE"])))
    }

    /// Debian's and the BSDs', Fedora's and SUSE's place.
    private static let systemBundle = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
        .first { FileManager.default.fileExists(atPath: $0) }

    @Test(.enabled(if: systemBundle != nil, "this host has no CA certificates"))
    func `the system's bundle of all public CAs is read`() throws {
        let path = try #require(Self.systemBundle)
        let bundle = try CertificateBundle(pem: String(contentsOfFile: path, encoding: .utf8))
        #expect(bundle.certificates.count > 50)
        #expect(bundle.certificates.allSatisfy { $0.isCA })
    }

    @Test func `hostile texts are refused by name`() throws {
        let pem = try TestAuthority().certificate.pem
        let key = try PrivateKey.generateP256().pem.revealText()
        let lines = pem.split(separator: "\n").map(String.init)
        let next = lines.count + 1
        let table: [(String, PEMRefusal)] = [
            ("", .nothingInside(expected: "CERTIFICATE", found: [])),
            ("# nothing here\n{\"pem\": \"x\"}", .nothingInside(expected: "CERTIFICATE", found: [])),
            (key, .privateKeyInside(line: 1)),
            (pem + key, .privateKeyInside(line: next)),
            ("a\n" + pem + key.replacing("PRIVATE KEY", with: "EC PRIVATE KEY"), .privateKeyInside(line: next + 1)),
            (pem + key.replacing("PRIVATE KEY", with: "ENCRYPTED PRIVATE KEY"), .privateKeyInside(line: next)),
            (pem + pem.replacing("CERTIFICATE", with: "X509 CRL"), .unexpectedBlock(label: "X509 CRL", line: next)),
            (
                pem + pem.replacing("CERTIFICATE", with: "EC PARAMETERS"),
                .unexpectedBlock(label: "EC PARAMETERS", line: next)
            ),
            (lines.dropLast().joined(separator: "\n"), .unfinishedBlock(line: 1)),
            (pem + lines.dropLast().joined(separator: "\n"), .unfinishedBlock(line: next)),
            (lines.dropFirst().joined(separator: "\n"), .brokenBoundary(line: lines.count - 1)),
            (lines[0] + "\n" + lines[0], .unfinishedBlock(line: 1)),
            (lines[0] + "\n" + lines[lines.count - 1], .notBase64(line: 1)),
            (pem.replacing(lines[1], with: lines[1].dropLast()), .notBase64(line: 1)),
            (pem.replacing(lines[1], with: "*" + lines[1].dropFirst()), .notBase64(line: 1)),
            (pem.replacing(lines[1], with: "Comment: mine\n" + lines[1]), .notBase64(line: 1)),
            (pem.replacing("END CERTIFICATE", with: "END CERTIFICATES"), .unfinishedBlock(line: 1)),
            ("-----BEGIN CERTIFICATE-----\n====\n-----END CERTIFICATE-----", .notBase64(line: 1)),
            // A block that would vanish in silence if its first line were taken for text.
            (pem + pem.dropFirst(), .brokenBoundary(line: next)),
            (pem + "> " + pem, .brokenBoundary(line: next)),
            (pem + pem.replacing("-----", with: "\u{2014}"), .brokenBoundary(line: next)),
            (pem + pem.replacing("-----\n", with: "----\n"), .brokenBoundary(line: next)),
            (pem.dropLast() + pem, .brokenBoundary(line: lines.count)),
            (
                String(repeating: " ", count: Limits.pemBytes + 1),
                .tooLarge(bytes: Limits.pemBytes + 1, limit: Limits.pemBytes)
            ),
        ]
        for (text, expected) in table {
            #expect(failure(of: { try CertificateBundle(pem: text) }) == .pem(expected), "\(text.prefix(80))")
        }
    }

    @Test func `the limits hold to the last one`() throws {
        let pem = try TestAuthority().certificate.pem
        #expect(try CertificateBundle(pem: String(repeating: pem, count: 200)).certificates.count == 1)
        let padded = pem + String(repeating: "\n", count: Limits.pemBytes - pem.utf8.count)
        #expect(try CertificateBundle(pem: padded).certificates.count == 1)
    }

    @Test func `a block that holds no certificate is refused`() throws {
        let text = "\n" + PEMText.block([UInt8](repeating: 0x30, count: 300), label: "CERTIFICATE")
        let refused = failure(of: { try CertificateBundle(pem: text) })
        guard case .pem(.unreadableBlock(.certificate, line: 2, let reasons))? = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(!reasons.isEmpty)
    }

    @Test func `a certificate of excessive size is refused before it is parsed`() {
        let text = PEMText.block([UInt8](repeating: 0x30, count: Limits.certificateBytes + 1), label: "CERTIFICATE")
        #expect(
            failure(of: { try CertificateBundle(pem: text) })
                == .pem(
                    .unreadableBlock(
                        .certificate, line: 1, reasons: ["longer than \(Limits.certificateBytes) bytes"])))
    }
}
