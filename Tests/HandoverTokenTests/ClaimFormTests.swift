import Certificates
import TestPKI
import Testing
import Vocabulary

@testable import HandoverToken

/// Authentic tokens whose claims are not of the agreed form.
struct ClaimFormTests {
    private let world = TokenWorld.shared

    @Test(
        arguments: [
            "aud", "iat", "nbf", "exp", "cnf", "jti", "sub", "instance_uid", "display_name", "capabilities", "target",
            "source", "epoch", "probation", "purpose",
        ])
    func `a claim that is missing is named`(claim: String) throws {
        let payload = try world.payload(of: world.claims()).replacing([(claim, nil)])
        #expect(throws: TokenRefusal.unacceptableClaim(ClaimDefect(claim, .missing))) {
            try world.verify(try world.token(payload: payload))
        }
    }

    @Test(
        arguments: [
            ("jti", .integer(1), .wrongForm), ("jti", .string(""), .wrongForm),
            ("jti", .string(String(repeating: "c3", count: 1000)), .wrongForm),
            ("jti", .string(String(repeating: "C3", count: 16)), .wrongForm),
            ("aud", .array([.string("b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2")]), .wrongForm),
            ("aud", .string("B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2"), .wrongForm), ("aud", .null, .wrongForm),
            ("iat", .string("1800000000"), .wrongForm), ("iat", .integer(-1), .outOfBounds),
            ("nbf", .bool(true), .wrongForm), ("nbf", .integer(.max), .outOfBounds),
            ("exp", .integer(.min), .outOfBounds), ("exp", .integer(253_402_300_800), .outOfBounds),
            ("exp", .null, .wrongForm), ("cnf", .string("x"), .wrongForm), ("cnf", .array([]), .wrongForm),
            ("sub", .string("d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4"), .wrongForm), ("sub", .string("a\r\nb"), .wrongForm),
            ("instance_uid", .string(""), .wrongForm), ("display_name", .integer(1), .wrongForm),
            ("capabilities", .integer(-1), .outOfBounds), ("capabilities", .string("0x2501"), .wrongForm),
            ("group", .null, .wrongForm), ("configuration", .bool(false), .wrongForm),
            ("target", .array([]), .wrongForm), ("source", .string("eu"), .wrongForm),
            ("epoch", .integer(-3), .outOfBounds), ("epoch", .string("3"), .wrongForm),
            ("probation", .integer(-1), .outOfBounds), ("probation", .integer(.max), .outOfBounds),
            ("purpose", .string("Handover"), .wrongForm), ("purpose", .string("bootstrap"), .wrongForm),
        ] as [(String, JSON, ClaimDefect.Reason)])
    func `a claim of another form is named`(claim: String, value: JSON, reason: ClaimDefect.Reason) throws {
        let payload = try world.payload(of: world.claims()).replacing([(claim, value)])
        #expect(throws: TokenRefusal.unacceptableClaim(ClaimDefect(claim, reason))) {
            try world.verify(try world.token(payload: payload))
        }
    }

    @Test(
        arguments: [
            ("cnf", [("x5t#S256", nil)], "cnf.x5t#S256", .missing),
            ("cnf", [("jwk", .object([]))], "cnf", .unexpectedMember),
            ("cnf", [("x5t#S256", .string(hexInstead))], "cnf.x5t#S256", .wrongForm),
            ("cnf", [("x5t#S256", .string(oneByteShort))], "cnf.x5t#S256", .wrongForm),
            ("cnf", [("x5t#S256", .string(padded))], "cnf.x5t#S256", .wrongForm),
            ("target", [("note", .null)], "target", .unexpectedMember),
            ("target", [("endpoint", .integer(1))], "target.endpoint", .wrongForm),
            ("target", [("headers", nil)], "target.headers", .missing),
            ("target", [("headers", .object([]))], "target.headers", .wrongForm),
            ("target", [("headers", .array([.string("a: b")]))], "target.headers", .wrongForm),
            ("target", [("headers", .array([.members(["name": .string("X")])]))], "target.headers.value", .missing),
            (
                "target",
                [("headers", .array([.members(["name": .string("X"), "value": .string("v"), "z": .null])]))],
                "target.headers", .unexpectedMember
            ),
            ("source", [("serverCAs", .array([]))], "source", .unexpectedMember),
            ("source", [("name", nil)], "source.name", .missing),
            ("source", [("agentCAs", nil)], "source.agentCAs", .missing),
        ] as [(String, [(String, JSON?)], String, ClaimDefect.Reason)])
    func `a member of an object is named with its path`(
        claim: String, changes: [(String, JSON?)], path: String, reason: ClaimDefect.Reason
    ) throws {
        let payload = try world.payload(of: world.claims())
        let changed = payload.replacing([(claim, try #require(payload[claim]).replacing(changes))])
        #expect(throws: TokenRefusal.unacceptableClaim(ClaimDefect(path, reason))) {
            try world.verify(try world.token(payload: changed))
        }
    }

    @Test(
        arguments: [
            ("wss://u:p@a.example", .userInformation),
            ("wss://a.example:0/", .badPort),
            ("wss://a.example:65536/", .badPort),
            ("wss://[fe80::1%eth0]/", .badHost),
            ("wss://\u{430}pple.example/", .forbiddenCharacter),
            ("wss://a.example/?x", .queryOrFragment),
            ("file:///etc/passwd", .unknownScheme),
            ("wss://a/" + String(repeating: "x", count: 3000), .tooLong),
        ] as [(String, EndpointRefusal)])
    func `an endpoint that is none is refused with the reason`(text: String, refusal: EndpointRefusal) throws {
        let payload = try world.payload(of: world.claims())
        let target = try #require(payload["target"]).replacing([("endpoint", .string(text))])
        #expect(throws: TokenRefusal.unacceptableClaim(ClaimDefect("target.endpoint", .endpoint(refusal)))) {
            try world.verify(try world.token(payload: payload.replacing([("target", target)])))
        }
    }

    @Test func `claims that are not ours are ignored at the top, as RFC 7519 says`() throws {
        let claims = try world.claims()
        let payload = world.payload(of: claims).replacing([("x-note", .array([.null]))])
        #expect(try world.verify(try world.token(payload: payload)).claims == claims)
    }

    @Test func `claims may stand in any order`() throws {
        let claims = try world.claims()
        let members = try #require(world.payload(of: claims).members)
        #expect(try world.verify(try world.token(payload: .object(members.reversed()))).claims == claims)
    }

    @Test(arguments: ["target.serverCAs", "target.tokenSigners", "source.agentCAs"])
    func `each trust set holds one to eight different authorities and nothing else`(path: String) throws {
        let names = path.split(separator: ".").map(String.init)
        let authority = JSON.string(Base64URL.encode(world.target.certificate.der))
        let key = try PrivateKey.generateP256()
        let cases: [([JSON], ClaimDefect.Reason)] = [
            ([], .trustSet(.empty)),
            ([JSON](repeating: authority, count: 9), .trustSet(.tooMany(9))),
            ([authority, authority], .trustSet(.repeated)),
            (
                [authority, .string(Base64URL.encode(world.leaf.der))],
                .trustSet(.notAnAuthority(world.leaf.fingerprint))
            ),
            ([.string(world.target.certificate.pem)], .wrongForm),
            ([.integer(1)], .wrongForm),
        ]
        let payload = try world.payload(of: world.claims())
        func token(_ set: [JSON]) throws -> String {
            let object = try #require(payload[names[0]]).replacing([(names[1], .array(set))])
            return try world.token(payload: payload.replacing([(names[0], object)]))
        }
        for (set, reason) in cases {
            #expect(throws: TokenRefusal.unacceptableClaim(ClaimDefect(path, reason))) {
                try world.verify(try token(set))
            }
        }
        let unreadable: [[UInt8]] = [
            [], [0x30], Array(key.pem.reveal()), key.publicKey.spki, Array(world.target.certificate.der.dropLast()),
            world.target.certificate.der + [0],
        ]
        for bytes in unreadable {
            do {
                _ = try world.verify(try token([.string(Base64URL.encode(bytes))]))
                Issue.record("\(path) took \(bytes.count) bytes that are no certificate")
            } catch let TokenRefusal.unacceptableClaim(defect) {
                #expect(defect.claim == path)
                guard case .trustSet(.unreadable) = defect.reason else { throw TokenRefusal.unacceptableClaim(defect) }
            }
        }
    }
}

private let hexInstead = String(repeating: "ab", count: 32)
private let oneByteShort = Base64URL.encode([UInt8](repeating: 1, count: 31))
private let padded = Base64URL.encode([UInt8](repeating: 1, count: 32)) + "="
