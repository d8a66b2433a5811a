import Glibc
import HostSystem
import ScriptedServer
import Testing
import Vocabulary

@testable import ClientTransport

/// Rules that need no network.
@Suite struct RulesTests {
    @Test(
        arguments: [
            ("17", 17), (" 0 ", 0), ("99999999999999999999", 86_400), ("100000", 86_400),
            ("Sun, 06 Nov 1994 08:49:47 GMT", 10), ("Sunday, 06-Nov-94 08:49:47 GMT", 10),
            ("Sun Nov  6 08:49:47 1994", 10),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0), ("Mon, 07 Nov 2094 08:49:47 GMT", 86_400),
            ("-5", nil), ("soon", nil), ("", nil), ("Sun, 06 Foo 1994 08:49:47 GMT", nil), ("1.5", nil),
        ] as [(String, Int?)])
    func `Retry-After is read in all its forms`(text: String, seconds: Int?) throws {
        let now = try #require(Timestamp("1994-11-06T08:49:37Z"))
        #expect(Duration(retryAfter: text, at: now) == seconds.map { .seconds($0) })
    }

    @Test(arguments: [
        (X509Number.expired, MoveCause.tlsExpired), (.notYetValid, .tlsExpired), (.hostname, .tlsName),
        (.address, .tlsName), (.noIssuer, .tlsUntrusted), (.selfSigned, .tlsUntrusted), (.purpose, .tlsUntrusted),
    ])
    func `a verification error has its cause`(number: X509Number, cause: MoveCause) {
        let evidence = DialEvidence(isTLS: true, verification: .failed(number.rawValue))
        #expect(evidence.failure(expected: { $0 == 101 }).cause == cause)
    }

    enum X509Number: Int32 {
        case notYetValid = 9, expired = 10, selfSigned = 18, noIssuer = 20, purpose = 26, hostname = 62, address = 64
    }

    @Test(arguments: [42, 43, 44, 45, 46, 48, 49, 116] as [Int32], [true, false])
    func `an alert about a certificate is about ours`(alert: Int32, isTLSUp: Bool) {
        let evidence = DialEvidence(
            isTLS: true, isTLSUp: isTLSUp, verification: .passed, peerAlert: TLSAlert(code: alert))
        #expect(evidence.failure(expected: { $0 == 101 }).cause == .tlsLeafRefused)
    }

    @Test func `a handshake failure is about our leaf only once the server's was accepted`() {
        let alert = TLSAlert(code: TLSAlert.handshakeFailure)
        let before = DialEvidence(isTLS: true, peerAlert: alert)
        let after = DialEvidence(isTLS: true, verification: .passed, peerAlert: alert)
        #expect(before.failure(expected: { $0 == 101 }).cause == .protocol)
        #expect(after.failure(expected: { $0 == 101 }).cause == .tlsLeafRefused)
    }

    @Test(arguments: [true, false])
    func `a close without a word hints at a refused leaf only where a leaf was shown`(isTLS: Bool) {
        let failure = DialEvidence(isTLS: isTLS, isTLSUp: isTLS).failure(expected: { $0 == 101 })
        #expect(failure.cause == (isTLS ? .tlsLeafRefused : .tcp))
        #expect(failure.closedBeforeAnswer == isTLS)
    }

    @Test func `a status outweighs a later alert`() {
        let head = AnswerHead(status: 403, retryAfter: nil, handoverCause: nil, contentType: nil, contentLength: nil)
        let evidence = DialEvidence(
            isTLS: true, isTLSUp: true, verification: .passed, peerAlert: TLSAlert(code: 116), answer: head)
        #expect(evidence.failure(expected: { $0 == 101 }).cause == .http(status: 403))
    }

    @Test(arguments: [
        ("wss://a.example/", "a.example"), ("wss://a.example:4320/", "a.example:4320"),
        ("wss://[::1]:4320/", "[::1]:4320"), ("ws://a.example:443/", "a.example:443"), ("http://[::1]/", "[::1]"),
    ])
    func `Host names the port unless it is the scheme's own`(endpoint: String, host: String) throws {
        #expect(try Endpoint(endpoint).hostHeader == host)
    }
}
