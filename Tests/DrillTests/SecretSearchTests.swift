import Certificates
import Foundation
import ServerAPI
import TestPKI
import Testing
import Vocabulary

@testable import Drill

@Suite struct SecretSearchTests {
    /// Every kind of secret that a drill meets, and the plain text of each.
    private enum Planted: String, CaseIterable, Sendable {
        case adminToken, bootstrapToken, federationSecret, handoverToken, masterKey, agentKey

        var canaries: Canaries {
            var canaries = Canaries()
            switch self {
            case .agentKey: canaries.add(rawValue, keyPEM: Array(text.utf8))
            default: canaries.add(rawValue, Secret(text))
            }
            return canaries
        }

        /// Digits that base64 and base64url write differently, or JSON and URLs escape, are in all of them.
        var text: String {
            switch self {
            case .adminToken: "opamp-pat.\(Self.random).1a2b3c4d"
            case .bootstrapToken: "opamp-bt.\(Self.random).1a2b3c4d"
            case .federationSecret: "opamp-fs.\(Self.random)"
            case .handoverToken: "opamp-ho.eyJhbGciOiJFUzI1NiJ9abcdefghij.c2lnbmF0dXJlLXNpZ25hdHVyZQ.1a2b3c4d"
            case .masterKey: Self.random
            case .agentKey: Self.keyPEM
            }
        }

        static let random = Base64URL.encode((0..<32).map { UInt8(($0 * 37 + 251) & 255) })
        static let number = (0..<32).map { UInt8(255 - $0 * 3) }

        /// The layout of PKCS #8 for P-256: the number on the curve at byte 36, the public key behind it.
        static let der: [UInt8] =
            [
                0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
                0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x04, 0x6D, 0x30, 0x6B, 0x02, 0x01, 0x01,
                0x04, 0x20,
            ] + number + [0xA1, 0x44, 0x03, 0x42, 0x00, 0x04] + [UInt8](repeating: 0x5A, count: 64)

        static let keyLines = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        static let keyPEM = "-----BEGIN PRIVATE KEY-----\n\(keyLines)\n-----END PRIVATE KEY-----\n"
    }

    /// How a careless line may hold it.
    private enum Form: String, CaseIterable, Sendable {
        case plain, json, jsonInJSON, percent, base64, base64URL, hex

        func write(_ text: String) throws -> String {
            let bytes = Array(text.utf8)
            return switch self {
            case .plain: text
            case .json: try Self.quoted(text)
            case .jsonInJSON: try Self.quoted(Self.quoted(text))
            case .percent: bytes.map { "%" + Hex.encode([$0]).uppercased() }.joined()
            // Behind a name and a colon, as in an Authorization header.
            case .base64: Data(Array("u:".utf8) + bytes).base64EncodedString()
            case .base64URL: Base64URL.encode(Array("u:".utf8) + bytes)
            case .hex: Hex.encode(bytes)
            }
        }

        private static func quoted(_ text: String) throws -> String {
            String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
        }
    }

    private enum Place: String, CaseIterable, Sendable {
        case log, errorAnswer, metrics, audit

        func text(holding words: String) throws -> SecretSearch.Text {
            let line = "something failed: \(words) was refused"
            return switch self {
            case .log: .log("eu-region.log", Array(line.utf8))
            case .errorAnswer: .errorAnswer(of: "EU", line)
            case .metrics: .metrics(of: "EU", "# HELP \(line)\nx 1\n")
            case .audit: try .audit(of: "EU", [Sample.entry("Agent.Enrolled", ["reason": line])])
            }
        }
    }

    private func leaks(of canaries: Canaries, in words: String, at place: Place) throws -> [String] {
        SecretSearch(for: canaries, in: [try place.text(holding: words)]).leaks
    }

    @Test(arguments: Planted.allCases.map(\.rawValue), Place.allCases.map(\.rawValue))
    func `every kind of secret is found in every kind of evidence and form`(kind: String, place: String) throws {
        let planted = try #require(Planted(rawValue: kind))
        let place = try #require(Place(rawValue: place))
        #expect(try leaks(of: planted.canaries, in: "nothing", at: place).isEmpty)
        for form in Form.allCases {
            let found = try leaks(of: planted.canaries, in: try form.write(planted.text), at: place)
            #expect(found.count == 1 && found[0].hasPrefix("\(kind) in "), "\(form): \(found)")
        }
    }

    @Test(arguments: ["hex", "base64", "base64url", "raw"])
    func `the bytes of a master key are found however they are written`(form: String) throws {
        let bytes = try #require(Base64URL.decode(Planted.random))
        let written: [UInt8] =
            switch form {
            case "hex": Array(Hex.encode(bytes).uppercased().utf8)
            case "base64": Array(Data(bytes).base64EncodedString().utf8)
            case "base64url": Array(Base64URL.encode(bytes).utf8)
            default: bytes
            }
        let text = SecretSearch.Text.log("eu-region.log", Array("key ".utf8) + written + Array(" end".utf8))
        #expect(SecretSearch(for: Planted.masterKey.canaries, in: [text]).leaks == ["masterKey in eu-region.log"])
    }

    @Test func `one line of a private key is found in the audit, whose JSON escapes slashes`() throws {
        let line = try #require(Planted.keyLines.split(separator: "\n").first { $0.contains("/") })
        let text = try SecretSearch.Text.audit(of: "EU", [Sample.entry("Agent.Enrolled", ["reason": String(line)])])
        #expect(String(decoding: text.bytes, as: UTF8.self).contains("\\/"))
        #expect(SecretSearch(for: Planted.agentKey.canaries, in: [text]).leaks == ["agentKey in the audit of EU"])
    }

    @Test func `the number of a key is found without its file`() throws {
        for words in [Hex.encode(Planted.number), Data(Planted.number).base64EncodedString()] {
            #expect(try leaks(of: Planted.agentKey.canaries, in: words, at: .log).count == 1)
        }
    }

    @Test func `a public key is no secret, and what is redacted is not found`() throws {
        let shown = try #require(Planted.keyLines.split(separator: "\n").last)
        let own = try TestAuthority("leaf")
        var canaries = Planted.agentKey.canaries
        canaries.add("the real key", keyPEM: own.key.pem.reveal())
        for words in [String(shown), own.certificate.pem, "-----BEGIN PRIVATE KEY-----", "opamp-ho.(redacted)"] {
            #expect(try leaks(of: canaries, in: words, at: .log).isEmpty, "\(words)")
        }
        #expect(try leaks(of: canaries, in: own.key.pem.revealText(), at: .log) == ["the real key in eu-region.log"])
    }

    @Test func `a token is found in parts, and is named and never shown`() throws {
        let found = try leaks(
            of: Planted.handoverToken.canaries, in: "payload eyJhbGciOiJFUzI1NiJ9abcdefghij", at: .log)
        #expect(found == ["handoverToken in eu-region.log"])
    }
}
