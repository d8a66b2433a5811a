import Testing
import Vocabulary

struct EndpointTests {
    @Test(
        arguments: [
            ("wss://a.example/v1/opamp", "wss://a.example:443/v1/opamp"), ("ws://a", "ws://a:80/"),
            ("https://a:4320", "https://a:4320/"), ("http://A.Example:80/X?", nil),
            ("HTTPS://A.Example/X", "https://a.example:443/X"),
            ("wss://127.0.0.1:4320/v1/opamp", "wss://127.0.0.1:4320/v1/opamp"),
            ("wss://[::1]:4320/v1/opamp", "wss://[::1]:4320/v1/opamp"),
            ("wss://[2001:DB8::1]", "wss://[2001:db8::1]:443/"),
            ("wss://a_b-c.d:65535/%20", "wss://a_b-c.d:65535/%20"),
        ] as [(String, String?)])
    func `an endpoint has one text`(text: String, canonical: String?) throws {
        guard let canonical else {
            #expect(throws: EndpointRefusal.self) { try Endpoint(text) }
            return
        }
        let endpoint = try Endpoint(text)
        #expect(endpoint.description == canonical)
        #expect(try Endpoint(canonical) == endpoint)
    }

    @Test(arguments: [
        ("", EndpointRefusal.noScheme), ("a.example", .noScheme), ("wss:/a", .noScheme), ("//a", .noScheme),
        ("://a", .unknownScheme), ("ftp://a", .unknownScheme), ("javascript://a", .unknownScheme),
        ("wsss://a", .unknownScheme),
        ("wss://a b", .forbiddenCharacter), ("wss://a\n", .forbiddenCharacter),
        ("wss://a\r\nX: y", .forbiddenCharacter),
        ("wss://\u{430}.example", .forbiddenCharacter), ("wss://a\u{0}", .forbiddenCharacter),
        ("wss://a/\u{7F}", .forbiddenCharacter),
        ("wss://u@a", .userInformation), ("wss://u:p@a/x", .userInformation), ("wss://a@b:1@c", .userInformation),
        ("wss://a?x=1", .queryOrFragment), ("wss://a/b?x", .queryOrFragment), ("wss://a#x", .queryOrFragment),
        ("wss://", .badHost), ("wss:///x", .badHost), ("wss://:1", .badHost), ("wss://a,b", .badHost),
        ("wss://a%41", .badHost),
        ("wss://[]", .badHost), ("wss://[::1", .badHost), ("wss://[::1]x", .badHost),
        ("wss://[fe80::1%25eth0]", .badHost),
        ("wss://[a.b]", .badHost), ("wss://a\\b", .badHost), ("wss://*.a", .badHost),
        ("wss://a:", .badPort), ("wss://a:0", .badPort), ("wss://a:65536", .badPort), ("wss://a:-1", .badPort),
        ("wss://a:+1", .badPort), ("wss://a:1:2", .badPort), ("wss://a:x", .badPort), ("wss://::1", .badHost),
        ("wss://[::1]:", .badPort), ("wss://a:99999999999999999999", .badPort),
    ])
    func `a URL that is not an endpoint is refused by name`(text: String, refusal: EndpointRefusal) {
        #expect(throws: refusal) { try Endpoint(text) }
        #expect(!refusal.reason.contains(text) || text.isEmpty)
    }

    @Test func `lengths are allowed up to the limit and not one more`() throws {
        let host = String(repeating: "a", count: Limits.hostBytes)
        #expect(try Endpoint("wss://\(host)").host == host)
        #expect(throws: EndpointRefusal.badHost) { try Endpoint("wss://\(host)a") }
        let path = String(repeating: "x", count: Limits.endpointBytes - "wss://a:443/".utf8.count)
        #expect(try Endpoint("wss://a/\(path)").path == "/" + path)
        #expect(throws: EndpointRefusal.tooLong) { try Endpoint("wss://a/\(path)x") }
    }

    @Test(arguments: [
        ("wss://a", true, true, "a:443"), ("https://a", true, false, "a:443"), ("ws://a", false, true, "a:80"),
        ("http://[::1]:8080/x", false, false, "[::1]:8080"),
    ])
    func `scheme and origin say what they mean`(text: String, tls: Bool, webSocket: Bool, origin: String) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.isTLS == tls)
        #expect(endpoint.isWebSocket == webSocket)
        #expect(endpoint.origin == origin)
    }
}
