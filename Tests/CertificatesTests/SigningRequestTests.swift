import Certificates
import TestPKI
import Testing
import Vocabulary

@Suite struct SigningRequestTests {
    @Test func `a request carries the public key and proves that the private one is held`() async throws {
        let key = try PrivateKey.generateP256()
        let request = try SigningRequest(key: key, subject: "host-17")
        let received = try SigningRequest(pem: request.pem)
        #expect(received == request)
        #expect(received.publicKey == key.publicKey)
        let openssl = try OpenSSLCommand()
        try openssl.write(request.pem, to: "request.pem")
        #expect(try await openssl.run("req", "-in", "request.pem", "-noout", "-verify", "-subject").contains("host-17"))
    }

    @Test func `nothing of a request but its key reaches the certificate`() async throws {
        let openssl = try OpenSSLCommand()
        try openssl.write(
            "[req]\ndistinguished_name=dn\nprompt=no\nreq_extensions=ext\n[dn]\nCN=evil\n[ext]\n"
                + "basicConstraints=critical,CA:TRUE\nsubjectAltName=DNS:evil.example.com", to: "evil.cnf")
        try await openssl.run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key.pem")
        try await openssl.run("req", "-new", "-config", "evil.cnf", "-key", "key.pem", "-out", "evil.csr")
        let request = try SigningRequest(pem: openssl.read("evil.csr"))
        let leaf = try TestAuthority().issuer.issue(
            .agentLeaf(agentID), subject: "host", publicKey: request.publicKey, serial: [1], validity: year)
        #expect(leaf.subject == "CN=host")
        #expect(!leaf.isCA)
        #expect(leaf.dnsNames.isEmpty)
    }

    @Test func `a request changed in any byte is refused`() async throws {
        let pem = try SigningRequest(key: .generateP256(), subject: "host").pem
        let der = try await derOf(pem)
        for index in der.indices {
            var changed = der
            changed[index] ^= 1
            let text = PEMText.block(changed, label: "CERTIFICATE REQUEST")
            #expect(failure(of: { try SigningRequest(pem: text) }) != nil, "byte \(index)")
        }
    }

    @Test func `a request signed by someone else is refused by name`() async throws {
        let der = try await derOf(SigningRequest(key: .generateP256(), subject: "host").pem)
        var changed = der
        // The last byte belongs to s.
        changed[changed.count - 1] ^= 1
        let text = PEMText.block(changed, label: "CERTIFICATE REQUEST")
        #expect(failure(of: { try SigningRequest(pem: text) }) == .requestNotSigned)
    }

    @Test func `a request for another kind of key is refused`() async throws {
        let openssl = try OpenSSLCommand()
        try await openssl.run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pem")
        try await openssl.run("req", "-new", "-key", "key.pem", "-subj", "/CN=x", "-out", "x.csr")
        let text = try openssl.read("x.csr")
        #expect(
            failure(of: { try SigningRequest(pem: text) })
                == .unsupportedKey(.signingRequest, .rsa(bits: 2048), accepted: .p256))
    }

    private func derOf(_ pem: String) async throws -> [UInt8] {
        let openssl = try OpenSSLCommand()
        try openssl.write(pem, to: "request.pem")
        try await openssl.run("req", "-in", "request.pem", "-outform", "DER", "-out", "request.der")
        return try openssl.readBytes("request.der")
    }
}
