import Testing

@testable import Certificates

@Suite struct HostNameTests {
    @Test(arguments: [
        ("eu.example.com", "eu.example.com", true),
        ("EU.Example.COM", "eu.example.com", true),
        ("eu.example.com", "eu.example.com.", true),
        ("eu.example.com", "us.example.com", false),
        ("example.com", "eu.example.com", false),
        ("eu.example.com", "example.com", false),
        ("*.example.com", "eu.example.com", true),
        ("*.example.com", "example.com", false),
        ("*.example.com", "a.eu.example.com", false),
        ("*.example.com", ".example.com", false),
        ("*.example.com", "*.example.com", false),
        ("e*.example.com", "eu.example.com", false),
        ("*u.example.com", "eu.example.com", false),
        ("eu.*.com", "eu.example.com", false),
        ("*.*.com", "eu.example.com", false),
        ("*.com", "example.com", false),
        ("*", "localhost", false),
        ("localhost", "localhost", true),
        ("xn--zrich-kva.example.com", "xn--zrich-kva.example.com", true),
        ("zürich.example.com", "zürich.example.com", false),
        ("127.0.0.1", "127.0.0.1", false),
        ("eu.example.com ", "eu.example.com", false),
        ("eu_1.example.com", "eu_1.example.com", true),
        ("", "", false),
    ])
    func `a certificate's name covers a host by whole labels`(pattern: String, host: String, isCovered: Bool) {
        let covers = HostName(pattern: pattern).flatMap { name in HostName(host).map(name.covers) } ?? false
        #expect(covers == isCovered)
    }

    @Test func `names and labels have the lengths of DNS`() {
        let label = String(repeating: "a", count: 63)
        #expect(HostName(label) != nil)
        #expect(HostName(label + "a") == nil)
        #expect(HostName([label, label, label, String(repeating: "a", count: 61)].joined(separator: ".")) != nil)
        #expect(HostName([label, label, label, String(repeating: "a", count: 62)].joined(separator: ".")) == nil)
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("0:0:0:0:0:0:0:1", "::1"), ("2001:DB8::1", "2001:db8::1"),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
    ])
    func `an address has one text`(text: String, expected: String) {
        #expect(IPAddress(text)?.description == expected)
    }

    @Test(arguments: [
        "", "1.2.3", "127.1", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "[::1]", "fe80::1%eth0", "1.2.3.4\u{0}", "::g",
    ])
    func `what is not quite an address is none`(text: String) {
        #expect(IPAddress(text) == nil)
    }
}
