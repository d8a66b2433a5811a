import Certificates
import TestPKI
import Testing
import Vocabulary

@Suite struct OperatorTextTests {
    private let failures: [CertificateFailure] = [
        .unreadable(.certificate, reasons: ["wrong tag"]), .unsupportedKey(.privateKey, .other, accepted: .p256),
        .requestNotSigned,
        .keyMismatch, .notAnAuthority(subject: "CN=x"), .invalidSubject, .invalidName("a\nb"), .invalidName(""),
        .invalidSerial, .invalidValidity, .invalidSealingKey(bytes: 3), .unknownSeal, .brokenSeal,
        .library(operation: "sign", reasons: []), .pem(.tooLarge(bytes: 2, limit: 1)), .pem(.privateKeyInside(line: 3)),
        .pem(.unexpectedBlock(label: "a\u{1B}[31mb", line: 3)), .pem(.encryptedKey(line: 3)),
        .pem(.nothingInside(expected: "CERTIFICATE", found: ["a\u{1B}[31mb"])), .pem(.tooMany(limit: 1)),
        .pem(.trustedCertificate(line: 3)), .pem(.brokenBoundary(line: 3)), .pem(.unfinishedBlock(line: 3)),
        .pem(.notBase64(line: 3)), .pem(.unreadableBlock(.certificate, line: 3, reasons: ["wrong tag"])),
    ]

    private func problems() throws -> [ChainProblem] {
        let certificate = try TestAuthority().certificate
        return [
            .untrusted, .expired(certificate), .notYetValid(certificate), .wrongName(host: "a", names: ["b"]),
            .noSubjectAlternativeName, .wrongPurpose(certificate, lacks: .serverAuth), .weakKey(certificate),
            .badSignature(certificate), .pathTooLong(certificate), .leafNotFirst(certificate),
            .issuerMissing(certificate), .outOfOrder(certificate), .other("odd"),
        ]
    }

    @Test func `each failure and problem has a code of its own and one line that says what to do`() throws {
        let explainable = failures.map { $0 as any OperatorExplainable } + (try problems())
        let messages = explainable.map(\.operatorMessage)
        for message in messages {
            #expect(message.code.contains("."))
            #expect(message.cause.hasSuffix("."))
            #expect(message.nextAction.hasSuffix("."))
            #expect(message.description.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        }
        // The two kinds of invalid name share one.
        #expect(Set(messages.map(\.code)).count == messages.count - 1)
    }

    @Test func `what stands on a line of a PEM text is named with the line`() {
        for case .pem(let refusal) in failures {
            switch refusal {
            case .tooLarge, .tooMany, .nothingInside: continue
            default:
                #expect(
                    refusal.operatorMessage.cause.contains("line 3")
                        || refusal.operatorMessage.cause.hasPrefix("Line 3"))
            }
        }
    }

    @Test func `an encrypted key is told how it is decrypted and not called exposed`() {
        let message = PEMRefusal.encryptedKey(line: 1).operatorMessage
        #expect(message.nextAction.contains("openssl pkey -in KEY -out KEY2"))
        #expect(!message.description.contains("exposed") && !message.description.contains("replace"))
    }

    @Test func `a reason is blamed on the call it came from`() throws {
        #expect(throws: CertificateFailure.self) { try Certificate(der: [0x30, 0x03, 0x02, 0x01, 0x01]) }
        guard case .unreadable(_, let first)? = failure(of: { try PublicKey(spki: [0x30, 0x00]) }) else {
            Issue.record("it was taken")
            return
        }
        guard case .unreadable(_, let second)? = failure(of: { try PublicKey(spki: [0x30, 0x00]) }) else {
            Issue.record("it was taken")
            return
        }
        #expect(!first.isEmpty)
        #expect(first == second)
    }
}
