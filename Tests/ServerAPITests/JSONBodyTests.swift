import Foundation
import ServerAPI
import TestValues
import Testing
import Vocabulary

/// One body of one route, and what is done to it.
struct BodySample: Sendable, CustomTestStringConvertible {
    let route: RouteDescription
    let json: JSON
    /// Reads the body, and says whether it is this one.
    let isRead: @Sendable (JSON) throws -> Bool
    let isOfPeers: Bool

    /// - Parameter body: with a value for every member, so that each is tried.
    init<Body: Codable & Hashable & Sendable, Answer>(_ route: Route<Body, Answer>, _ body: Body) {
        let description = route.description
        let isOfPeers = description.template.hasPrefix("/api/federation/")
        self.route = description
        self.isOfPeers = isOfPeers
        let bytes = try? JSONEncoder().encode(body)
        json = bytes.flatMap { try? JSON(reading: Array($0)) } ?? .null
        isRead = { json in
            try JSONBody.read(
                Body.self, from: Array(json.description.utf8), unknownMembers: isOfPeers ? .ignored : .refused) == body
        }
    }

    var testDescription: String { "\(route.method.rawValue) \(route.template)" }

    func with(_ name: String, _ value: JSON?) -> JSON {
        var members = json.members ?? []
        members.removeAll { $0.name == name }
        if let value { members.append(.init(name, value)) }
        return .object(members)
    }

    static let all: [BodySample] = [
        .init(
            OperatorRoutes.assignAgent,
            Assignment(group: "web", configuration: "base", withoutGroup: true, withoutConfiguration: true)),
        .init(OperatorRoutes.saveGroup, GroupSettings(configuration: "base", withoutConfiguration: true)),
        .init(OperatorRoutes.saveConfiguration, ConfigurationText(contentType: "text/yaml", body: "a: 1\n")),
        .init(OperatorRoutes.createBootstrapToken, BootstrapTokenRequest(ttlSeconds: 3600, group: "web")),
        .init(OperatorRoutes.createOperatorToken, OperatorTokenRequest(name: "x", role: .operator, ttlSeconds: 1)),
        .init(
            OperatorRoutes.issueFederationCertificate, FederationCertificateRequest(subject: "x", validityDays: 90)),
        .init(OperatorRoutes.inspectPeerPaste, PeerPasteText(certificatePEM: "pem")),
        .init(
            OperatorRoutes.createPeer,
            PeerCreation(
                name: "us", endpoint: "https://us", certificatePEM: "pem", inboundSecret: "a", outboundSecret: "b")),
        .init(OperatorRoutes.updatePeer, PeerUpdate(endpoint: "https://us", enabled: false, certificatePEM: "pem")),
        .init(OperatorRoutes.generatePeerSecret, PeerSecretRequest(direction: .inbound)),
        .init(OperatorRoutes.savePeerSecret, PeerSecretText(direction: .outbound, secret: "x")),
        .init(
            OperatorRoutes.issueHandover,
            HandoverIssue(agent: "x", peer: "us", ttlSeconds: 60, probationSeconds: 0, certificate: .omit, laterThan: 7)
        ),
        .init(OperatorRoutes.previewHandover, TokenText(token: "t")),
        .init(
            OperatorRoutes.redeemHandover,
            HandoverRedemption(token: "t", group: "web", configuration: "base", withoutConfiguration: false)),
        .init(OperatorRoutes.cancelHandover, HandoverCancellation(reason: "none")),
        .init(OperatorRoutes.pruneAudit, AuditPruning(before: TestClock.start)),
        .init(FederationRoutes.announceTrust, TrustBundle(statement: "s", pinned: fingerprint)),
        .init(FederationRoutes.redeem, RedemptionRequest(redemption: RedemptionID(repeating: 7), tokenSHA256: "00")),
        .init(
            FederationRoutes.notices,
            NoticeBatch(
                [
                    NoticeMessage(
                        sequence: 2, type: OpenWord(.arrived), epoch: 3, at: TestClock.start,
                        facts: ["agent": "x"])
                ], received: 1)),
    ]

    private static let fingerprint = Fingerprint(bytes: [UInt8](repeating: 7, count: 32))
}

@Suite struct JSONBodyTests {
    private func refusal(of sample: BodySample, _ json: JSON) -> BodyRefusal? {
        #expect(throws: BodyRefusal.self) { _ = try sample.isRead(json) }
    }

    @Test func `every body of every route has its sample`() {
        let bodies = (OperatorRoutes.all + FederationRoutes.all).filter { $0.body != nil }
        #expect(Set(BodySample.all.map(\.route)) == Set(bodies) && BodySample.all.count == bodies.count)
    }

    @Test(arguments: BodySample.all) func `a body is read as it was written`(sample: BodySample) throws {
        #expect(try sample.isRead(sample.json))
        #expect(sample.json.members?.isEmpty == false)
    }

    @Test(arguments: BodySample.all)
    func `an operator is told of a member that is not known, and a peer's is ignored`(sample: BodySample) throws {
        let json = sample.with("surprise", .integer(1))
        guard !sample.isOfPeers else {
            #expect(try sample.isRead(json))
            return
        }
        #expect(refusal(of: sample, json) == .unknownMember("surprise"))
    }

    @Test(arguments: BodySample.all) func `every member is read in its type only`(sample: BodySample) throws {
        for member in sample.json.members ?? [] {
            let others: [JSON] = [.array([]), .bool(true), .string("\u{1}")].filter { other in
                switch (other, member.value) {
                case (.array, .array), (.bool, .bool), (.string, .string): false
                default: true
                }
            }
            for other in others {
                let refusal = refusal(of: sample, sample.with(member.name, other))
                #expect(refusal == .wrongType(member.name), "\(member.name) as \(other)")
            }
        }
    }

    /// What is not missed is optional: then its absence is another value, and so is `null`.
    @Test(arguments: BodySample.all) func `a member is missed by name, or optional`(sample: BodySample) throws {
        for member in sample.json.members ?? [] {
            for absence in [nil, JSON.null] {
                do {
                    #expect(try !sample.isRead(sample.with(member.name, absence)), "\(member.name)")
                } catch let refusal as BodyRefusal {
                    #expect(refusal == .missingMember(member.name))
                }
            }
        }
    }

    private func read(_ text: String) throws -> OperatorTokenRequest {
        try JSONBody.read(from: Array(text.utf8), unknownMembers: .refused)
    }

    @Test func `a choice that does not exist is answered with those that do`() {
        let refusal = #expect(throws: BodyRefusal.self) { try read(#"{"name":"x","role":"root"}"#) }
        #expect(refusal == .notOneOf("role", choices: ["viewer", "operator", "admin"]))
    }

    @Test func `a value that is not in its form is refused by its member`() {
        let refusal = #expect(throws: BodyRefusal.self) {
            try JSONBody.read(
                AuditPruning.self, from: Array(#"{"before":"yesterday"}"#.utf8), unknownMembers: .refused)
        }
        #expect(refusal == .notValid("before"))
    }

    @Test(arguments: [
        (#"{"name":"x","name":"y","role":"viewer"}"#, BodyRefusal.notJSON(.duplicateName("name"))),
        (#"{"name":"x","role":"viewer","ttlSeconds":1.5}"#, .notJSON(.numberNotWhole(offset: 41))),
        (#"{"name":"x""#, .notJSON(.truncated)), ("[]", .wrongType("")), (#""x""#, .wrongType("")),
        ("", .missingMember("name")), ("{} {}", .notJSON(.unexpected(offset: 3))),
    ]) func `what is no object of the type is refused`(text: String, expected: BodyRefusal) {
        #expect(#expect(throws: BodyRefusal.self) { try read(text) } == expected)
    }

    @Test func `a body of nothing but options may be left out`() throws {
        let body = try JSONBody.read(HandoverCancellation.self, from: [], unknownMembers: .refused)
        #expect(body == HandoverCancellation())
    }

    private struct Outer: Codable, Hashable {
        struct Inner: Codable, Hashable { var number: Int8 }
        var inner: [Inner]
        var words: [String: String]
    }

    @Test func `members of inner objects are checked as well, and named by their place`() throws {
        func read(_ text: String) throws -> Outer {
            try JSONBody.read(from: Array(text.utf8), unknownMembers: .refused)
        }
        #expect(
            try read(#"{"inner":[{"number":1},{"number":-128}],"words":{"a":"b"}}"#)
                == Outer(inner: [.init(number: 1), .init(number: -128)], words: ["a": "b"]))
        for (text, expected) in [
            (#"{"inner":[{"number":1,"more":2}],"words":{}}"#, BodyRefusal.unknownMember("inner.0.more")),
            (#"{"inner":[{"number":128}],"words":{}}"#, .notValid("inner.0.number")),
            (#"{"inner":[{"number":1},{}],"words":{}}"#, .missingMember("inner.1.number")),
            (#"{"inner":[],"words":{"a":1}}"#, .wrongType("words.a")),
        ] {
            #expect(#expect(throws: BodyRefusal.self) { try read(text) } == expected)
        }
    }
}
