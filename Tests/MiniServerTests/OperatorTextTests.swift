import Certificates
import HandoverToken
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import Testing
import Vocabulary

@testable import MiniServer

/// What this module, its storage and its listener say to operators; the cores have tests of their own.
@Suite struct OperatorTextTests {
    private static let requests: [RequestRefusal] = [
        .notFound(path: "/x"), .methodNotAllowed(path: "/x", allowed: ["GET"]), .bodyTooLarge,
        .bodyUnreadable(reason: "it is not an object"), .parameter(name: "role", reason: "it is one of a, b"),
        .endpoint(.badHost),
    ]
    private static let access: [AccessRefusal] = [.notAuthenticated, .roleTooLow(.viewer, needed: .admin)]
    private static let authority: [AuthorityFailure] = [
        .masterKeyMissing(path: "/x"), .masterKeyUnreadable(path: "/x"), .sealedUnderAnotherKey(what: "a key"),
        .noActiveKey, .activeKeyNotYetValid(from: .now), .listenerFiles(reason: "The file is empty."),
    ]
    private static let starts: [IdentityFailure] = [
        .databaseLost(path: "/x", peer: "aa"), .otherDatabase(path: "/x", expected: "aa", found: "bb"),
    ]
    private static let calls: [PeerCallError] = [
        .noCertificate, .noSecret(peer: "us"), .unreadable(peer: "us"), .status(502, peer: "us"),
    ]
    private static let storage: [StorageFailure] = [
        .unopened(path: "/x", reason: "no such file"), .foreign(path: "/x"), .newerSchema(path: "/x"),
        .refused(operation: "save", reason: "full"), .outcomeUnknown(reason: "input/output error"),
        .unreadable(table: "peers", key: "x"),
    ]
    private static let addresses: [AddressRefusal] = [
        .unspecified(host: "0.0.0.0"), .certificate(host: "eu", .untrusted),
        .certificate(host: "eu", .wrongName(host: "eu", names: ["us"])), .certificate(host: "eu", .other("weak")),
    ]

    private static var all: [any OperatorExplainable] {
        requests + access + authority + starts + calls + storage + addresses + ListenerRefusal.allCases
            + [ServerFailure.failed, NoticeGap(last: 2, sent: 4)]
    }

    @Test func `every refusal and failure has a code of its own, one line of each text, and an action`() {
        let messages = Self.all.map(\.operatorMessage)
        #expect(Set(messages.map(\.code)).count == messages.count)
        for message in messages {
            for text in [message.title, message.cause, message.nextAction] {
                #expect(!text.isEmpty && !text.contains("\n"), "\(message.code)")
            }
            #expect(message.cause.hasSuffix("."), "\(message.code): \(message.cause)")
            #expect(message.nextAction.hasSuffix("."), "\(message.code)")
            #expect(message.nextAction.first?.isUppercase == true, "\(message.code)")
        }
    }

    @Test func `the samples say every code of their areas`() {
        let said = Set(Self.all.map(\.operatorMessage.code))
        for codes in [
            RequestCode.allCases.map(\.code), OperatorAccessCode.allCases.map(\.code),
            AuthorityFailureCode.allCases.map(\.code), StartCode.allCases.map(\.code), CallCode.allCases.map(\.code),
            StorageCode.allCases.map(\.code), ServerFailureCode.allCases.map(\.code),
            ListenerRefusal.allCases.map(\.code),
        ] { #expect(Set(codes).subtracting(said) == []) }
    }
}
