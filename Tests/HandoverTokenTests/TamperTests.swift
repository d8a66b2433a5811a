import Certificates
import TestPKI
import Testing
import Vocabulary

@testable import HandoverToken

/// Damage and forgery. Everything is refused with a typed refusal; nothing crashes.
struct TamperTests {
    private let world = TokenWorld.shared

    private func refusal(of text: String) -> EnvelopeRefusal? {
        do throws(TokenRefusal) {
            _ = try world.verify(text)
            return nil
        } catch {
            guard case .envelope(let refusal) = error else { return nil }
            return refusal
        }
    }

    @Test(arguments: 0..<8) func `every flipped bit of the text is refused`(bit: Int) throws {
        var text = Array(try world.source.issuer.sign(try world.claims()).utf8)
        // Every bit of prefix, header, signature and checksum; in the long payload, whose bytes all take the same
        // path, one bit of each byte.
        let ends = [0..<200, (text.count - 120)..<text.count]
        for position in text.indices where position % 8 == bit || ends.contains(where: { $0.contains(position) }) {
            text[position] ^= 1 << UInt8(bit)
            // Not `#expect`: thirty thousand of them take longer than what they check.
            if refusal(of: String(decoding: text, as: UTF8.self)) == nil {
                Issue.record("bit \(bit) of byte \(position)")
            }
            text[position] ^= 1 << UInt8(bit)
        }
    }

    @Test func `every flipped bit of header, payload and signature is refused under a right checksum too`() throws {
        let parts = TokenParts(try world.source.issuer.sign(try world.claims()))
        for part in 0..<3 {
            // Each byte once, another bit each time: a signature check for each of 8 bits of 2,000 bytes is slow.
            for position in parts[part].indices {
                var damaged = parts
                damaged[part][position] ^= 1 << UInt8(position % 8)
                if refusal(of: damaged.text) == nil { Issue.record("byte \(position) of part \(part)") }
            }
        }
    }

    @Test func `a text cut off anywhere is refused as damaged`() throws {
        let text = Array(try world.source.issuer.sign(try world.claims()).utf8)
        for length in text.indices {
            switch refusal(of: String(decoding: text[..<length], as: UTF8.self)) {
            case .malformed, .badChecksum: break
            case let other: Issue.record("\(length) bytes: \(String(describing: other))")
            }
        }
    }

    @Test(
        arguments: [
            ("alg", .string("none")), ("alg", .string("None")), ("alg", .string("nOnE")), ("alg", .string("HS256")),
            ("alg", .string("ES384")), ("alg", .string("RS1")), ("alg", .string("es256")), ("alg", nil),
            ("alg", .array([.string("ES256")])), ("alg", .null), ("alg", .string("ES256\u{0}")),
        ] as [(String, JSON?)])
    func `no other algorithm is believed, well signed or not`(name: String, value: JSON?) throws {
        let token = try world.token(payload: world.payload(of: world.claims()), header: world.header([(name, value)]))
        #expect(refusal(of: token) == .wrongType(.algorithm))
        var unsigned = TokenParts(token)
        unsigned[2] = [0]
        #expect(refusal(of: unsigned.text) == .wrongType(.algorithm))
        unsigned.parts[3] = ""
        #expect(refusal(of: unsigned.text) == .malformed(.encoding))
    }

    @Test(
        arguments: [
            ("typ", nil), ("typ", .string("JWT")), ("typ", .string("at+jwt")), ("typ", .string("Handover+JWT")),
            ("typ", .string("trust-bundle+jwt")), ("typ", .string("application/handover+jwt")), ("typ", .integer(1)),
        ] as [(String, JSON?)])
    func `no other type is believed`(name: String, value: JSON?) throws {
        let token = try world.token(payload: world.payload(of: world.claims()), header: world.header([(name, value)]))
        #expect(refusal(of: token) == .wrongType(.type))
    }

    @Test(
        arguments: [
            nil, .string(""), .string("../../etc/passwd"), .string("' OR 1=1 --"), .array([]), .integer(0),
            .string(String(repeating: "ab", count: 32)), .string(String(repeating: "A", count: 42)),
        ] as [JSON?])
    func `a signer that is not named by a whole fingerprint is refused`(value: JSON?) throws {
        let header = world.header([("x5t#S256", value)])
        let token = try world.token(payload: world.payload(of: world.claims()), header: header)
        #expect(refusal(of: token) == .wrongType(.signer))
    }

    @Test(
        arguments: [
            ("kid", .string("1")), ("jku", .string("https://evil.example/keys")), ("jwk", .object([])),
            ("x5u", .string("https://evil.example/cert")), ("x5c", .array([])), ("x5t", .string("AA")),
            ("crit", .array([.string("exp")])), ("b64", .bool(false)), ("cty", .string("JWT")), ("zip", .string("DEF")),
            ("", .null),
        ] as [(String, JSON)])
    func `a header with more in it is refused, whatever it is`(name: String, value: JSON) throws {
        let token = try world.token(payload: world.payload(of: world.claims()), header: world.header([(name, value)]))
        #expect(refusal(of: token) == .wrongType(.unexpectedMember))
    }

    @Test func `a member that stands twice is refused in header and payload`() throws {
        let payload = Array(try world.payload(of: world.claims()).description.utf8)
        let header = Array(world.header().description.utf8)
        func twice(_ object: [UInt8], _ member: String) -> [UInt8] { object.dropLast() + Array(",\(member)}".utf8) }
        for member in [#""alg":"ES256""#, #""alg":"none""#, #""t\u0079p":"handover+jwt""#] {
            let token = try world.token(payload: payload, header: twice(header, member))
            #expect(refusal(of: token) == .malformed(.headerNotJSON))
        }
        for member in [#""exp":9999999999"#, #""iss":"x""#, #""cnf":{}"#, #""a":{"b":1,"b":1}"#] {
            #expect(refusal(of: try world.token(payload: twice(payload, member))) == .malformed(.payloadNotJSON))
        }
    }

    @Test(arguments: [
        "", "{", "[]", "null", "\u{FEFF}{}", #"{"iss":1e400}"#, #"{"iss":1.5}"#, #"{"iss":99999999999999999999}"#,
        #"{"iss":NaN}"#, String(repeating: "[", count: 10_000), String(repeating: #"{"a":"#, count: 2000),
        #"{"iss":"\ud800"}"#, "{} {}",
    ])
    func `a payload that is not strict JSON is refused before the signature is looked at`(payload: String) throws {
        let refusal = refusal(of: try world.token(payload: Array(payload.utf8)))
        let expected: [EnvelopeRefusal] = [
            .malformed(.payloadNotJSON), .malformed(.noIssuer), .malformed(.encoding),
        ]
        #expect(refusal.map(expected.contains) == true)
        #expect(self.refusal(of: try world.token(payload: [], header: Array(payload.utf8))) == .malformed(.encoding))
        let header = self.refusal(of: try world.token(payload: [0x7B, 0x7D], header: Array(payload.utf8)))
        #expect(header == .malformed(.headerNotJSON) || header == .malformed(.encoding))
    }

    @Test func `an ES256 signature is exactly 64 bytes of r and s`() throws {
        let parts = TokenParts(try world.source.issuer.sign(try world.claims()))
        let signature = parts[2]
        let order: [UInt8] = [
            0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6,
            0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
        ]
        let zero = [UInt8](repeating: 0, count: 32)
        let (r, s) = (Array(signature[..<32]), Array(signature[32...]))
        let bad: [[UInt8]] = [
            Array(signature.dropLast()), signature + [0], [0] + signature, derSequence(r, s), zero + s, r + zero,
            zero + zero, order + s, r + order, s + r, [UInt8](repeating: 0xFF, count: 64), [0],
        ]
        for forged in bad {
            var damaged = parts
            damaged[2] = forged
            #expect(refusal(of: damaged.text) == .badSignature)
        }
        // n - s is as good as s: RFC 7518 does not ask for the lower one, and other libraries write either. The
        // text of a token is therefore not its identity; `jti` is.
        var mirrored = parts
        mirrored[2] = r + difference(order, s)
        #expect(refusal(of: mirrored.text) == nil)
        _ = try world.verify(mirrored.text)
    }

    private func derSequence(_ r: [UInt8], _ s: [UInt8]) -> [UInt8] {
        let integers: [UInt8] = [0x02, 33, 0x00] + r + [0x02, 33, 0x00] + s
        return [0x30, UInt8(integers.count)] + integers
    }

    private func difference(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var borrow = 0
        var result = left
        for index in left.indices.reversed() {
            let value = Int(left[index]) - Int(right[index]) - borrow
            borrow = value < 0 ? 1 : 0
            result[index] = UInt8(truncatingIfNeeded: value)
        }
        return result
    }
}
