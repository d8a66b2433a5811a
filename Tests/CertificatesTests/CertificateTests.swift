import Certificates
import TestPKI
import Testing
import Vocabulary

@Suite struct CertificateTests {
    @Test func `an authority says what it may do`() throws {
        let authority = try TestAuthority("Ampora EU · Zürich", validity: year)
        let certificate = authority.certificate
        #expect(certificate.isCA)
        #expect(certificate.subject == "CN=Ampora EU · Zürich")
        #expect(certificate.issuer == certificate.subject)
        #expect(certificate.notBefore == year.notBefore)
        #expect(certificate.notAfter == year.notAfter)
        #expect(certificate.publicKey.algorithm == .p256)
        #expect(certificate.fingerprint.bytes == Digest.sha256(certificate.der))
    }

    @Test func `each profile carries its names and uses and no others`() throws {
        let authority = try TestAuthority()
        let table: [(CertificateProfile, dns: [String], ips: [String], uris: [String], Set<ExtendedKeyUsage>)] = [
            (.authority, [], [], [], []),
            (.agentLeaf(agentID), [], [], ["urn:opamp-handover:agent:\(agentID)"], [.clientAuth]),
            (.federation(peerID), [], [], ["urn:opamp-handover:peer:\(peerID)"], [.clientAuth]),
            (
                .listener(names: ["EU.example.com", "*.eu.example.com", "127.0.0.1", "::1"]),
                ["eu.example.com", "*.eu.example.com"], ["127.0.0.1", "::1"], [], [.serverAuth]
            ),
        ]
        for (profile, dns, ips, uris, usages) in table {
            let certificate = try authority.leaf(profile)
            #expect(certificate.isCA == (profile == .authority))
            #expect(certificate.dnsNames == dns)
            #expect(certificate.ipAddresses == ips)
            #expect(certificate.uriNames == uris)
            #expect(certificate.extendedKeyUsages == usages)
            #expect(certificate.issuer == "CN=Test CA")
        }
    }

    @Test func `the openssl command reads in them what protocol section 2 asks for`() async throws {
        let openssl = try OpenSSLCommand()
        let authority = try TestAuthority()
        let table: [(CertificateProfile, [String])] = [
            (
                .authority,
                [
                    "X509v3 Basic Constraints: critical\nCA:TRUE, pathlen:0",
                    "X509v3 Key Usage: critical\nDigital Signature, Certificate Sign, CRL Sign",
                    "X509v3 Subject Key Identifier:",
                ]
            ),
            (
                .agentLeaf(agentID),
                [
                    "X509v3 Basic Constraints: critical\nCA:FALSE", "X509v3 Key Usage: critical\nDigital Signature\n",
                    "X509v3 Extended Key Usage:\nTLS Web Client Authentication\n",
                    "X509v3 Subject Alternative Name:\nURI:urn:opamp-handover:agent:\(agentID)\n",
                    "X509v3 Subject Key Identifier:", "X509v3 Authority Key Identifier:",
                ]
            ),
            (
                .federation(peerID),
                [
                    "X509v3 Extended Key Usage:\nTLS Web Client Authentication\n",
                    "X509v3 Subject Alternative Name:\nURI:urn:opamp-handover:peer:\(peerID)\n",
                ]
            ),
            (
                .listener(names: ["localhost", "127.0.0.1"]),
                [
                    "X509v3 Extended Key Usage:\nTLS Web Server Authentication\n",
                    "X509v3 Subject Alternative Name:\nDNS:localhost, IP Address:127.0.0.1\n",
                ]
            ),
        ]
        for (profile, expected) in table {
            try openssl.write(authority.leaf(profile, subject: "Ampora · US").pem, to: "leaf.pem")
            let text =
                try await openssl.run("x509", "-in", "leaf.pem", "-noout", "-text", "-nameopt", "utf8")
                .split(separator: "\n").map { line in line.drop { $0 == " " }.trimmingSuffix() }
                .joined(separator: "\n") + "\n"
            for passage in expected { #expect(text.contains(passage), "\(passage) is missing in \(text)") }
            #expect(text.contains("Version: 3"))
            #expect(text.contains("Subject: CN = Ampora · US") || text.contains("Subject: CN=Ampora · US"))
            #expect(text.contains("ecdsa-with-SHA256"))
        }
    }

    @Test func `the openssl command verifies what we issue and agrees on the fingerprint`() async throws {
        let openssl = try OpenSSLCommand()
        let authority = try TestAuthority()
        let leaf = try authority.leaf(.agentLeaf(agentID))
        try openssl.write(authority.certificate.pem, to: "ca.pem")
        try openssl.write(leaf.pem, to: "leaf.pem")
        let verdict = try await openssl.run(
            "verify", "-x509_strict", "-purpose", "sslclient", "-attime", "\(noon.seconds)", "-CAfile", "ca.pem",
            "leaf.pem")
        #expect(verdict.contains("leaf.pem: OK"))
        let print = try await openssl.run("x509", "-in", "leaf.pem", "-noout", "-fingerprint", "-sha256")
        #expect(print.lowercased().replacing(":", with: "").contains(leaf.fingerprint.description))
    }

    @Test func `a serial number with its top bit set stays positive`() throws {
        let authority = try TestAuthority()
        let serial = [UInt8](repeating: 0xFF, count: 16)
        let leaf = try authority.issuer.issue(
            .agentLeaf(agentID), subject: "x", publicKey: PrivateKey.generateP256().publicKey, serial: serial,
            validity: year)
        #expect(leaf.serialNumber == String(repeating: "f", count: 32))
    }

    @Test(arguments: [[], [0], [UInt8](repeating: 0, count: 16), [UInt8](repeating: 1, count: 21)] as [[UInt8]])
    func `a serial number that is none is refused`(serial: [UInt8]) throws {
        let key = try PrivateKey.generateP256()
        #expect(
            failure(of: { try Issuer.selfSigned(subject: "x", key: key, serial: serial, validity: year) })
                == .invalidSerial)
    }

    @Test(arguments: ["", String(repeating: "x", count: 65), "a\nb", "a\u{0}b"])
    func `a subject that is not one line of 64 characters is refused`(subject: String) throws {
        let authority = try TestAuthority()
        #expect(failure(of: { try authority.leaf(.federation(peerID), subject: subject) }) == .invalidSubject)
    }

    @Test(arguments: ["/CN=x", "CN=a,O=b", "x,URI:urn:opamp-handover:peer:00", "\"quoted\"", "日本語", "#", " x "])
    func `a subject is free text and never read as anything else`(subject: String) throws {
        let leaf = try TestAuthority().leaf(.federation(peerID), subject: subject)
        #expect(leaf.uriNames == [HandoverURN.peer(peerID)])
        #expect(leaf.dnsNames.isEmpty)
        #expect(leaf.subject.hasPrefix("CN="))
        #expect(!leaf.subject.replacing("\\,", with: "").contains(","))
    }

    @Test(arguments: ["", "a b", "a,DNS:b", "*", "*.com", "a.*.com", "-", ".", "a..b", "999.1.1.1", "[::1]", "ä.de"])
    func `a listener's name that is no name is refused`(name: String) throws {
        let authority = try TestAuthority()
        // "-" is a label that DNS itself would take.
        let expected: CertificateFailure? = name == "-" ? nil : .invalidName(name)
        #expect(failure(of: { try authority.leaf(.listener(names: [name])) }) == expected)
    }

    @Test func `a listener without a name is refused`() throws {
        let authority = try TestAuthority()
        #expect(failure(of: { try authority.leaf(.listener(names: [])) }) == .invalidName(""))
    }

    @Test func `a validity must end after it begins and fit a certificate`() throws {
        let authority = try TestAuthority()
        let far = Timestamp(seconds: 300_000_000_000)
        for validity in [
            Validity(notBefore: noon, notAfter: noon), Validity(notBefore: noon, notAfter: noon - day),
            Validity(notBefore: noon, notAfter: far),
        ] {
            #expect(failure(of: { try authority.leaf(.federation(peerID), validity: validity) }) == .invalidValidity)
        }
    }

    @Test(arguments: ["1970-01-01T00:00:00Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
    func `dates keep their value in both of their encodings`(text: String) throws {
        let time = try #require(Timestamp(text))
        let validity = Validity(notBefore: Timestamp(seconds: -1), notAfter: time)
        #expect(try TestAuthority().leaf(.federation(peerID), validity: validity).notAfter == time)
    }

    @Test func `only an authority with its own key issues`() throws {
        let (authority, key) = (try TestAuthority(), try PrivateKey.generateP256())
        let leaf = try authority.leaf(.federation(peerID), key: key)
        #expect(failure(of: { try Issuer(certificate: leaf, key: key) }) == .notAnAuthority(subject: "CN=leaf"))
        #expect(failure(of: { try Issuer(certificate: authority.certificate, key: key) }) == .keyMismatch)
    }

    @Test func `nothing is issued for a key of another kind`() async throws {
        let openssl = try OpenSSLCommand()
        try await openssl.run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pem")
        try await openssl.run("pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "public.der")
        let (authority, key) = (try TestAuthority(), try PublicKey(spki: openssl.readBytes("public.der")))
        #expect(
            failure(of: {
                try authority.issuer.issue(
                    .federation(peerID), subject: "x", publicKey: key, serial: [1], validity: year)
            }) == .unsupportedKey(.publicKey, .rsa(bits: 2048), accepted: .p256))
    }

    @Test func `a certificate survives DER and PEM, alone only`() throws {
        let certificate = try TestAuthority().certificate
        #expect(try Certificate(der: certificate.der) == certificate)
        #expect(try Certificate(pem: certificate.pem) == certificate)
        #expect(failure(of: { try Certificate(pem: certificate.pem + certificate.pem) }) == .pem(.tooMany(limit: 1)))
        #expect(
            failure(of: { try Certificate(der: certificate.der + [0]) })
                == .unreadable(.certificate, reasons: ["bytes follow it"]))
    }

    @Test func `two encodings of one certificate are not two certificates`() throws {
        let der = try TestAuthority().certificate.der
        // The outer length in three bytes instead of two: BER, not DER.
        let loose = [0x30, 0x83, 0x00] + der[2...]
        #expect(der[1] == 0x82)
        #expect(failure(of: { try Certificate(der: loose) }) == .unreadable(.certificate, reasons: ["not DER"]))
    }

    @Test func `many threads may use one certificate and one key`() async throws {
        let authority = try TestAuthority()
        let key = try PrivateKey.generateP256()
        let leaf = try authority.leaf(.agentLeaf(agentID), key: key)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in UInt8(0)..<64 {
                group.addTask {
                    let signature = try key.signature(for: [number])
                    return leaf.publicKey.isValidSignature(signature, for: [number])
                        && ChainCheck.problems(
                            leaf: leaf, anchors: [authority.certificate], purpose: .client, at: noon
                        ).isEmpty
                }
            }
            for try await isGood in group { #expect(isGood) }
        }
    }
}

extension Substring {
    fileprivate func trimmingSuffix() -> Substring { dropLast(reversed().prefix { $0 == " " }.count) }
}
