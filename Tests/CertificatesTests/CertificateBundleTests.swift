import Certificates
import Testing
import Vocabulary

@Suite struct CertificateBundleTests {
    @Test func `order is kept and repetitions are dropped`() throws {
        let (first, second) = (try Authority("one").certificate, try Authority("two").certificate)
        let bundle = try CertificateBundle(pem: second.pem + first.pem + second.pem)
        #expect(bundle.certificates == [second, first])
        #expect(try CertificateBundle(pem: bundle.pem) == bundle)
        #expect(CertificateBundle([first, first]).certificates == [first])
    }

    @Test func `our PEM is the PEM of others`() throws {
        let certificate = try Authority().certificate
        #expect(certificate.pem == PEMText.block(certificate.der, label: "CERTIFICATE"))
    }

    @Test func `comments, blank lines and either kind of line end may stand between blocks`() throws {
        let certificate = try Authority().certificate
        let text = "# Ampora US\n\n  \t\n" + certificate.pem.replacing("\n", with: "\r\n") + "\n# end"
        #expect(try CertificateBundle(pem: text).certificates == [certificate])
    }

    @Test func `hostile texts are refused by name`() throws {
        let pem = try Authority().certificate.pem
        let key = try PrivateKey.generateP256().pem.revealText()
        let lines = pem.split(separator: "\n").map(String.init)
        let table: [(String, PEMRefusal)] = [
            ("", .nothingInside(expected: "CERTIFICATE")),
            ("# nothing here\n", .nothingInside(expected: "CERTIFICATE")),
            (key, .privateKeyInside),
            (pem + key, .privateKeyInside),
            (pem + key.replacing("PRIVATE KEY", with: "EC PRIVATE KEY"), .privateKeyInside),
            (pem + key.replacing("PRIVATE KEY", with: "ENCRYPTED PRIVATE KEY"), .privateKeyInside),
            (pem + pem.replacing("CERTIFICATE", with: "X509 CRL"), .unexpectedBlock(label: "X509 CRL")),
            (pem.replacing("CERTIFICATE", with: "TRUSTED CERTIFICATE"), .unexpectedBlock(label: "TRUSTED CERTIFICATE")),
            ("junk\n" + pem, .strayText(line: 1)),
            (pem + "junk", .strayText(line: lines.count + 1)),
            ("{\"pem\": \"x\"}", .strayText(line: 1)),
            (lines.dropLast().joined(separator: "\n"), .damagedBlock(line: 1)),
            (lines.dropFirst().joined(separator: "\n"), .strayText(line: 1)),
            (lines[0] + "\n" + lines[0], .damagedBlock(line: 1)),
            (lines[0] + "\n" + lines[lines.count - 1], .damagedBlock(line: 1)),
            (pem.replacing(lines[1], with: lines[1].dropLast()), .damagedBlock(line: 1)),
            (pem.replacing(lines[1], with: "*" + lines[1].dropFirst()), .damagedBlock(line: 1)),
            (pem.replacing(lines[1], with: "Proc-Type: 4,ENCRYPTED\n" + lines[1]), .damagedBlock(line: 1)),
            (pem.replacing("END CERTIFICATE", with: "END CERTIFICATES"), .damagedBlock(line: 1)),
            ("-----BEGIN CERTIFICATE-----\n====\n-----END CERTIFICATE-----", .damagedBlock(line: 1)),
            (String(repeating: pem, count: 9), .tooMany(limit: 8)),
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
        let pem = try Authority().certificate.pem
        #expect(try CertificateBundle(pem: String(repeating: pem, count: 8)).certificates.count == 1)
        #expect(try CertificateBundle(pem: pem, limit: 1).certificates.count == 1)
        let padded = pem + String(repeating: "\n", count: Limits.pemBytes - pem.utf8.count)
        #expect(try CertificateBundle(pem: padded).certificates.count == 1)
    }

    @Test func `a block that holds no certificate is refused`() throws {
        let text = PEMText.block([UInt8](repeating: 0x30, count: 300), label: "CERTIFICATE")
        guard case .unreadable(.certificate, let reasons)? = failure(of: { try CertificateBundle(pem: text) }) else {
            Issue.record("it was taken")
            return
        }
        #expect(!reasons.isEmpty)
    }

    @Test func `a certificate of excessive size is refused before it is parsed`() {
        let text = PEMText.block([UInt8](repeating: 0x30, count: Limits.certificateBytes + 1), label: "CERTIFICATE")
        #expect(
            failure(of: { try CertificateBundle(pem: text) })
                == .unreadable(.certificate, reasons: ["longer than \(Limits.certificateBytes) bytes"]))
    }
}
