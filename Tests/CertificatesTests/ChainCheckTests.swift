import Certificates
import TestPKI
import Testing
import Vocabulary

/// One test or table for each reason; what no authority of ours would issue is made by the `openssl` command.
@Suite struct ChainCheckTests {
    @Test func `what is issued for a purpose passes for it`() throws {
        let authority = try TestAuthority()
        let anchors = [authority.certificate]
        let listener = try authority.leaf(.listener(names: ["eu.example.com", "*.eu.example.com", "127.0.0.1", "::1"]))
        for host in ["eu.example.com", "EU.example.com.", "a.eu.example.com", "127.0.0.1", "::1", "0:0::1"] {
            let problems = ChainCheck.problems(leaf: listener, anchors: anchors, purpose: .server(host: host), at: noon)
            #expect(problems == [], "\(host)")
        }
        for profile in [CertificateProfile.agentLeaf(agentID), .federation(peerID)] {
            let leaf = try authority.leaf(profile)
            #expect(ChainCheck.problems(leaf: leaf, anchors: anchors, purpose: .client, at: noon) == [])
        }
        #expect(ChainCheck.problems(leaf: anchors[0], anchors: anchors, purpose: .signer, at: noon) == [])
    }

    @Test func `what is issued for one purpose fails for every other`() throws {
        let authority = try TestAuthority()
        let certificates: [(Certificate, passes: ChainCheck.Purpose)] = [
            (try authority.leaf(.listener(names: ["localhost"])), .server(host: "localhost")),
            (try authority.leaf(.agentLeaf(agentID)), .client),
            (authority.certificate, .signer),
        ]
        for (certificate, fitting) in certificates {
            for purpose in [ChainCheck.Purpose.server(host: "localhost"), .client, .signer] {
                let problems = ChainCheck.problems(
                    leaf: certificate, anchors: [authority.certificate], purpose: purpose, at: noon)
                #expect(problems.isEmpty == (purpose == fitting), "\(certificate.subject) as \(purpose): \(problems)")
            }
        }
    }

    @Test func `a leaf of someone else's authority is untrusted and nothing else`() throws {
        let (ours, theirs) = (try TestAuthority("CA"), try TestAuthority("CA"))
        let leaf = try theirs.leaf(.agentLeaf(agentID))
        #expect(ChainCheck.problems(leaf: leaf, anchors: [], purpose: .client, at: noon) == [.untrusted])
        // The same subject and another key: found by name, refused by key identifier or signature.
        let problems = ChainCheck.problems(leaf: leaf, anchors: [ours.certificate], purpose: .client, at: noon)
        #expect(problems == [.untrusted])
        let both = [ours.certificate, theirs.certificate]
        #expect(ChainCheck.problems(leaf: leaf, anchors: both, purpose: .client, at: noon) == [])
    }

    @Test func `what the other side sends is a link and never an anchor`() throws {
        let authority = try TestAuthority()
        let leaf = try authority.leaf(.agentLeaf(agentID))
        let problems = ChainCheck.problems(
            leaf: leaf, intermediates: [authority.certificate], anchors: [], purpose: .client, at: noon)
        #expect(problems == [.untrusted])
    }

    @Test func `what has passed does not pass at another time or with other anchors`() throws {
        let authority = try TestAuthority(
            validity: Validity(notBefore: noon - .seconds(600), notAfter: noon + .seconds(1200)))
        let leaf = try authority.issue(
            .agentLeaf(agentID), validity: Validity(notBefore: noon - .seconds(300), notAfter: noon + .seconds(900))
        ).certificate
        func problems(_ anchors: [Certificate], at time: Timestamp) -> [ChainProblem] {
            ChainCheck.problems(leaf: leaf, anchors: anchors, purpose: .client, at: time)
        }
        let (anchor, other) = (authority.certificate, try TestAuthority().certificate)
        for _ in 1...2 {
            #expect(problems([anchor], at: noon) == [])
            #expect(problems([anchor], at: noon + .seconds(899)) == [])
            #expect(problems([anchor], at: noon + .seconds(900)) == [.expired(leaf)])
            #expect(Set(problems([anchor], at: noon + .seconds(1200))) == [.expired(leaf), .expired(anchor)])
            #expect(problems([anchor], at: noon - .seconds(301)) == [.notYetValid(leaf)])
            #expect(problems([other], at: noon) == [.untrusted])
            #expect(problems([other, anchor], at: noon) == [])
            #expect(problems([], at: noon) == [.untrusted])
        }
    }

    @Test func `a leaf among the anchors does not vouch for itself`() throws {
        let leaf = try TestAuthority().leaf(.agentLeaf(agentID))
        #expect(ChainCheck.problems(leaf: leaf, anchors: [leaf], purpose: .client, at: noon) == [.untrusted])
    }

    @Test(arguments: [
        (-2, [true, false]), (-1, [false, false]), (0, [false, false]), (364, [false, false]), (366, [false, true]),
    ])
    func `the dates count at the time that is asked about`(days: Int, expected: [Bool]) throws {
        let authority = try TestAuthority(validity: Validity(notBefore: noon - day * 100, notAfter: noon + day * 1000))
        let leaf = try authority.leaf(.agentLeaf(agentID))
        let problems = ChainCheck.problems(
            leaf: leaf, anchors: [authority.certificate], purpose: .client, at: noon + day * days)
        #expect(problems == (expected[0] ? [.notYetValid(leaf)] : []) + (expected[1] ? [.expired(leaf)] : []))
    }

    @Test func `a validity begins with its first second and ends before its last`() throws {
        let authority = try TestAuthority(validity: Validity(notBefore: noon - day * 100, notAfter: noon + day * 1000))
        let leaf = try authority.leaf(.agentLeaf(agentID))
        let table: [(Timestamp, isValid: Bool)] = [
            (leaf.notBefore, true), (leaf.notBefore - .seconds(1), false),
            (leaf.notAfter - .seconds(1), true), (leaf.notAfter, false),
        ]
        for (time, isValid) in table {
            let problems = ChainCheck.problems(
                leaf: leaf, anchors: [authority.certificate], purpose: .client, at: time)
            #expect(problems.isEmpty == isValid, "\(time)")
        }
    }

    @Test func `an expired authority is told from an expired leaf`() throws {
        let authority = try TestAuthority(validity: Validity(notBefore: noon - day * 9, notAfter: noon - day))
        let leaf = try authority.leaf(.agentLeaf(agentID))
        let problems = ChainCheck.problems(leaf: leaf, anchors: [authority.certificate], purpose: .client, at: noon)
        #expect(problems == [.expired(authority.certificate)])
    }

    @Test func `everything that is wrong is said at once`() throws {
        let (authority, stranger) = (try TestAuthority(), try TestAuthority("stranger"))
        let leaf = try stranger.leaf(
            .agentLeaf(agentID), validity: Validity(notBefore: noon - day * 9, notAfter: noon - day))
        let problems = ChainCheck.problems(
            leaf: leaf, anchors: [authority.certificate], purpose: .server(host: "localhost"), at: noon)
        #expect(
            Set(problems).isSuperset(of: [
                .untrusted, .expired(leaf), .wrongPurpose(leaf, lacks: .serverAuth),
                .wrongName(host: "localhost", names: []),
            ]))
    }

    @Test func `a host is looked for among the names of its own kind`() throws {
        let authority = try TestAuthority()
        let leaf = try authority.leaf(.listener(names: ["eu.example.com", "10.0.0.1"]))
        for host in ["us.example.com", "10.0.0.2", "10.0.0.1.", "::a00:1", "", "eu.example.com:4320", "[::1]", "*"] {
            let problems = ChainCheck.problems(
                leaf: leaf, anchors: [authority.certificate], purpose: .server(host: host), at: noon)
            #expect(problems == [.wrongName(host: host, names: ["eu.example.com", "10.0.0.1"])], "\(host)")
        }
    }

    @Test func `a changed certificate has a bad signature`() throws {
        let authority = try TestAuthority()
        var der = try authority.leaf(.agentLeaf(agentID)).der
        der[der.count - 1] ^= 1
        let forged = try Certificate(der: der)
        let problems = ChainCheck.problems(leaf: forged, anchors: [authority.certificate], purpose: .client, at: noon)
        #expect(problems == [.badSignature(forged)])
    }
}

/// Certificates that we would not issue, from the `openssl` command, which dates them by the real clock.
@Suite struct ForeignChainTests {
    let openssl: OpenSSLCommand
    let ca = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,digitalSignature"]
    let server = ["subjectAltName=DNS:localhost", "extendedKeyUsage=serverAuth", "keyUsage=digitalSignature"]

    init() throws { openssl = try OpenSSLCommand() }

    private func problems(
        _ leaf: Certificate, _ intermediates: [Certificate] = [], anchors: [Certificate],
        _ purpose: ChainCheck.Purpose = .server(host: "localhost")
    ) -> [ChainProblem] {
        ChainCheck.problems(
            leaf: leaf, intermediates: intermediates, anchors: anchors, purpose: purpose,
            at: leaf.notBefore + .seconds(60))
    }

    @Test func `an RSA authority is verified like any other`() async throws {
        let root = try await openssl.certificate(
            "root", extensions: ca, key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        let leaf = try await openssl.certificate("leaf", by: "root", extensions: server)
        #expect(root.publicKey.algorithm == .rsa(bits: 2048))
        #expect(problems(leaf, anchors: [root]) == [])
    }

    @Test func `a common name is no name`() async throws {
        let root = try await openssl.certificate("root", extensions: ca)
        let leaf = try await openssl.certificate("localhost", by: "root", extensions: ["extendedKeyUsage=serverAuth"])
        #expect(leaf.subject == "CN=localhost")
        #expect(problems(leaf, anchors: [root]) == [.noSubjectAlternativeName])
    }

    @Test func `uses that are stated bind, and a client must state its own`() async throws {
        let root = try await openssl.certificate("root", extensions: ca)
        let names = "subjectAltName=DNS:localhost"
        let table: [([String], ChainCheck.Purpose, [CertificateRight])] = [
            ([names], .server(host: "localhost"), []),
            ([names], .client, [.clientAuth]),
            ([names, "extendedKeyUsage=clientAuth,serverAuth"], .client, []),
            ([names, "extendedKeyUsage=clientAuth,serverAuth"], .server(host: "localhost"), []),
            ([names, "extendedKeyUsage=codeSigning"], .server(host: "localhost"), [.thisUse, .serverAuth]),
            ([names, "extendedKeyUsage=anyExtendedKeyUsage"], .client, [.thisUse, .clientAuth]),
            (
                [names, "extendedKeyUsage=clientAuth", "keyUsage=keyEncipherment"], .client,
                [.thisUse, .digitalSignature]
            ),
            (
                [names, "extendedKeyUsage=clientAuth", "keyUsage=digitalSignature,keyCertSign", ca[0]], .client,
                [.identifyingOneParty]
            ),
        ]
        for (number, (extensions, purpose, lacking)) in table.enumerated() {
            let leaf = try await openssl.certificate("leaf\(number)", by: "root", extensions: extensions)
            #expect(
                problems(leaf, anchors: [root], purpose) == lacking.map { .wrongPurpose(leaf, lacks: $0) },
                "row \(number)")
        }
    }

    @Test func `an authority without digitalSignature signs no tokens`() async throws {
        let root = try await openssl.certificate("root", extensions: [ca[0], "keyUsage=critical,keyCertSign"])
        #expect(problems(root, anchors: [root], .signer) == [.wrongPurpose(root, lacks: .digitalSignature)])
    }

    @Test func `a chain over an intermediate needs the intermediate, which may also be the anchor`() async throws {
        let root = try await openssl.certificate("root", extensions: ca)
        let middle = try await openssl.certificate("middle", by: "root", extensions: ca)
        let leaf = try await openssl.certificate("leaf", by: "middle", extensions: server)
        #expect(problems(leaf, [middle], anchors: [root]) == [])
        #expect(problems(leaf, anchors: [root]) == [.untrusted])
        #expect(problems(leaf, anchors: [middle]) == [])
        #expect(problems(leaf, [middle], anchors: [middle]) == [])
    }

    @Test func `a path longer than an authority allows is refused`() async throws {
        let root = try await openssl.certificate("root", extensions: [ca[0] + ",pathlen:0", ca[1]])
        let middle = try await openssl.certificate("middle", by: "root", extensions: ca)
        let leaf = try await openssl.certificate("leaf", by: "middle", extensions: server)
        #expect(problems(leaf, [middle], anchors: [root]) == [.pathTooLong(root)])
    }

    @Test func `a leaf does not issue`() async throws {
        let root = try await openssl.certificate("root", extensions: ca)
        let false1 = try await openssl.certificate(
            "false1", by: "root", extensions: ["basicConstraints=CA:FALSE"] + server)
        let leaf = try await openssl.certificate("leaf", by: "false1", extensions: server)
        #expect(problems(leaf, [false1], anchors: [root]).contains(.wrongPurpose(false1, lacks: .certificateSigning)))
        #expect(problems(leaf, [], anchors: [false1]) == [.untrusted])
    }

    @Test(arguments: [
        (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], "sha256"),
        (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp192k1"], "sha256"),
        (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "sha1"),
    ])
    func `weak keys and digests are refused`(key: [String], digest: String) async throws {
        let root = try await openssl.certificate("root", extensions: ca)
        let leaf = try await openssl.certificate("leaf", by: "root", extensions: server, key: key, digest: digest)
        #expect(problems(leaf, anchors: [root]) == [.weakKey(leaf)])
    }

    @Test func `a weak authority is named`() async throws {
        let root = try await openssl.certificate(
            "root", extensions: ca, key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"])
        let leaf = try await openssl.certificate("leaf", by: "root", extensions: server)
        #expect(problems(leaf, anchors: [root]) == [.weakKey(root)])
    }

    @Test func `an unknown critical extension is refused in OpenSSL's words`() async throws {
        let root = try await openssl.certificate("root", extensions: ca)
        let leaf = try await openssl.certificate("leaf", by: "root", extensions: server + ["1.2.3.4=critical,DER:0500"])
        #expect(problems(leaf, anchors: [root]) == [.other("unhandled critical extension")])
    }

    /// A DNS name of one zero byte, one with a zero byte in it, and an IP address of three bytes.
    @Test(arguments: ["3003820100", "300B8209616263006465662E63", "30058703010203"])
    func `a certificate with a name that could be misread is refused`(names: String) async throws {
        try await openssl.certificate("root", extensions: ca)
        let expected = PEMRefusal.unreadableBlock(
            .certificate, line: 1, reasons: ["a subject alternative name is malformed"])
        await #expect(throws: CertificateFailure.pem(expected)) {
            try await openssl.certificate("leaf", by: "root", extensions: ["subjectAltName=DER:" + names])
        }
    }
}
