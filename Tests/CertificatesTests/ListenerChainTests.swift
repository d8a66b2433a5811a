import Certificates
import TestPKI
import Testing
import Vocabulary

/// What is said of the certificate files of a server before any client sees them.
@Suite struct ListenerChainTests {
    let openssl: OpenSSLCommand
    let root: Certificate
    let middle: Certificate
    let leaf: Certificate
    var soon: Timestamp { leaf.notBefore + .seconds(60) }

    init() async throws {
        openssl = try OpenSSLCommand()
        let ca = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"]
        root = try await openssl.certificate(
            "root", extensions: ca, key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        middle = try await openssl.certificate("middle", by: "root", extensions: ca)
        leaf = try await openssl.certificate(
            "leaf", by: "middle",
            extensions: ["subjectAltName=DNS:eu.example,DNS:*.agents.example,IP:127.0.0.1,IP:::1"],
            key: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"])
    }

    private func problems(_ chain: [Certificate], _ hosts: [String] = ["eu.example"]) -> [ChainProblem] {
        ChainCheck.listenerProblems(chain: chain, hosts: hosts, at: soon)
    }

    @Test func `a chain passes with its root and without, for every kind of name`() {
        let hosts = ["eu.example", "a.agents.example", "127.0.0.1", "::1"]
        #expect(problems([leaf, middle], hosts) == [])
        #expect(problems([leaf, middle, root], hosts) == [])
        #expect(problems([leaf, middle], []) == [])
    }

    @Test func `each host that the certificate does not name is named`() {
        let names = ["eu.example", "*.agents.example", "127.0.0.1", "::1"]
        #expect(
            problems([leaf, middle], ["us.example", "eu.example", "10.0.0.1"])
                == ["us.example", "10.0.0.1"].map { .wrongName(host: $0, names: names) })
    }

    @Test func `an order that clients need not understand is refused`() {
        #expect(problems([middle, leaf]) == [.leafNotFirst(leaf)])
        #expect(problems([root, middle, leaf]) == [.leafNotFirst(leaf)])
        #expect(problems([leaf, root, middle]) == [.outOfOrder(root)])
    }

    @Test func `a leaf without its issuer and an authority of another chain are found`() throws {
        #expect(problems([leaf]) == [.issuerMissing(leaf)])
        #expect(problems([leaf, root]) == [.outOfOrder(root), .issuerMissing(leaf)])
        let stranger = try TestAuthority().certificate
        #expect(problems([leaf, middle, stranger]).contains(.outOfOrder(stranger)))
    }

    @Test func `a certificate of the same name and another key did not issue the leaf`() throws {
        let (ours, theirs) = (try TestAuthority("CA"), try TestAuthority("CA"))
        let leaf = try ours.leaf(.listener(names: ["eu.example"]))
        let found = ChainCheck.listenerProblems(
            chain: [leaf, theirs.certificate], hosts: ["eu.example"], at: noon)
        #expect(found == [.outOfOrder(theirs.certificate), .issuerMissing(leaf)])
    }

    @Test func `dates count for every certificate of the chain, at both ends`() throws {
        let long = Validity(notBefore: noon - day * 100, notAfter: noon + day * 1000)
        let authority = try TestAuthority(validity: long)
        let leaf = try authority.leaf(.listener(names: ["eu.example"]))
        let chain = [leaf, authority.certificate]
        let table: [(Timestamp, [ChainProblem])] = [
            (leaf.notBefore - .seconds(1), [.notYetValid(leaf)]), (leaf.notBefore, []),
            (leaf.notAfter - .seconds(1), []), (leaf.notAfter, [.expired(leaf)]),
            (long.notAfter, [.expired(leaf), .expired(authority.certificate)]),
            (long.notBefore - .seconds(1), [.notYetValid(leaf), .notYetValid(authority.certificate)]),
        ]
        for (time, expected) in table {
            let found = ChainCheck.listenerProblems(chain: chain, hosts: ["eu.example"], at: time)
            #expect(Set(found) == Set(expected), "\(time)")
        }
    }

    @Test func `a certificate for clients, one without names and a weak one are no server's`() async throws {
        let authority = try TestAuthority()
        let client = try authority.leaf(.agentLeaf(agentID))
        for hosts in [["eu.example"], []] {
            let found = ChainCheck.listenerProblems(
                chain: [client, authority.certificate], hosts: hosts, at: noon)
            #expect(found.contains(.wrongPurpose(client, lacks: .serverAuth)), "\(hosts)")
        }
        let nameless = try await openssl.certificate(
            "eu.example", by: "middle", extensions: ["basicConstraints=CA:FALSE"])
        #expect(problems([nameless, middle]) == [.noSubjectAlternativeName])
        let weak = try await openssl.certificate(
            "weak", by: "middle", extensions: ["subjectAltName=DNS:eu.example"],
            key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"])
        #expect(problems([weak, middle]) == [.weakKey(weak)])
    }

    @Test func `a certificate that signed itself passes as an authority only`() async throws {
        let names = "subjectAltName=DNS:eu.example"
        let own = try await openssl.certificate("own", extensions: [names, "basicConstraints=critical,CA:TRUE"])
        #expect(problems([own]) == [])
        let bare = try await openssl.certificate("bare", extensions: [names, "keyUsage=digitalSignature"])
        #expect(problems([bare]) == [.issuerMissing(bare)])
    }
}
