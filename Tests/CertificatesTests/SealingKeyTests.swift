import Certificates
import Testing
import Vocabulary

@Suite struct SealingKeyTests {
    let key: SealingKey

    init() throws { key = try SealingKey(Secret(RandomBytes.generate(32))) }

    @Test(arguments: [0, 1, 15, 16, 17, 1000])
    func `what was sealed opens again`(count: Int) throws {
        let secret = Secret(RandomBytes.generate(count))
        let sealed = try key.seal(secret, context: "peer/us/secret")
        #expect(sealed.count == 29 + count)
        #expect(try key.open(sealed, context: "peer/us/secret") == secret)
    }

    @Test func `no two seals are alike`() throws {
        #expect(try key.seal(Secret("x"), context: "a") != key.seal(Secret("x"), context: "a"))
    }

    @Test func `a change at any byte is noticed`() throws {
        let sealed = try key.seal(Secret("opamp-fs.secret"), context: "a")
        for index in sealed.indices {
            for bit in UInt8(0)..<8 {
                var changed = sealed
                changed[index] ^= 1 << bit
                let expected: CertificateFailure = index == 0 ? .unknownSeal : .brokenSeal
                #expect(failure(of: { try key.open(changed, context: "a") }) == expected, "byte \(index)")
            }
        }
    }

    @Test func `a seal cut short or lengthened is refused`() throws {
        let sealed = try key.seal(Secret("secret"), context: "a")
        for count in sealed.indices {
            let cut = Array(sealed.prefix(count))
            #expect(failure(of: { try key.open(cut, context: "a") }) == (count < 29 ? .unknownSeal : .brokenSeal))
        }
        #expect(failure(of: { try key.open(sealed + [0], context: "a") }) == .brokenSeal)
    }

    @Test(arguments: ["", "b", "A", "a "])
    func `a seal opens in its own place only`(context: String) throws {
        let sealed = try key.seal(Secret("secret"), context: "a")
        #expect(failure(of: { try key.open(sealed, context: context) }) == .brokenSeal)
    }

    @Test func `another key opens nothing`() throws {
        let sealed = try key.seal(Secret("secret"), context: "a")
        let other = try SealingKey(Secret(RandomBytes.generate(32)))
        #expect(failure(of: { try other.open(sealed, context: "a") }) == .brokenSeal)
    }

    @Test(arguments: [0, 16, 31, 33])
    func `a key of another length is refused`(count: Int) {
        let bytes = Secret(RandomBytes.generate(count))
        #expect(failure(of: { try SealingKey(bytes) }) == .invalidSealingKey(bytes: count))
    }

    @Test func `a sealing key does not print`() {
        #expect(!"\(key)".contains("bytes"))
    }
}

@Suite struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func `SHA-256 gives the values of FIPS 180`(text: String, hex: String) {
        #expect(Hex.encode(Digest.sha256(Array(text.utf8))) == hex)
    }

    @Test func `random bytes are as many as asked for and never the same`() {
        #expect(RandomBytes.generate(0).isEmpty)
        #expect(Set((0..<100).map { _ in RandomBytes.generate(16) }).count == 100)
    }
}
