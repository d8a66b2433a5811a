import Certificates
import OpAMPProto
import ServerCore
import TestValues
import Testing
import Vocabulary

@Suite struct CredentialTests {
    let world = PeerWorld.shared
    private let random = [UInt8](0..<32)

    @Test(arguments: Credential.allCases)
    func `a credential is known again by its digest and by nothing else`(kind: Credential) throws {
        let text = kind.text(random: random).revealText()
        #expect(text.hasPrefix(kind.rawValue + "."))
        #expect(kind.digest(of: text) == Digest.sha256(Array(text.utf8)))
        for other in Credential.allCases where other != kind { #expect(other.digest(of: text) == nil) }
        for bad in [text + "x", String(text.dropLast()), " " + text, text.uppercased(), ""] {
            #expect(kind.digest(of: bad) == nil)
        }
    }

    @Test func `a bootstrap token enrols one agent in time`() throws {
        let token = try BootstrapToken.created(
            digest: [1], group: "prod", groups: ["prod"], by: "admin", at: world.now)
        #expect(token.expiresAt == world.now + .seconds(86_400))
        let used = try token.used(by: world.row, at: world.now)
        #expect(throws: FleetRefusal.bootstrapUsed) { try used.check(at: world.now) }
        try used.checkLife(at: token.expiresAt - .milliseconds(1))
        #expect(throws: FleetRefusal.bootstrapExpired(at: token.expiresAt)) { try used.checkLife(at: token.expiresAt) }
        #expect(throws: FleetRefusal.bootstrapExpired(at: token.expiresAt)) { try token.check(at: token.expiresAt) }
        for life in [Duration.seconds(15 * 60 - 1), .seconds(168 * 3600 + 1)] {
            #expect(throws: FleetRefusal.bootstrapTimeOutOfRange) {
                try BootstrapToken.created(
                    digest: [1], group: nil, groups: [], by: "a", timeToLive: life,
                    at: world.now)
            }
        }
        #expect(throws: FleetRefusal.groupMissing("edge")) {
            try BootstrapToken.created(digest: [1], group: "edge", groups: ["prod"], by: "a", at: world.now)
        }
    }

    @Test func `enrolment takes only the public key from the request`() throws {
        let key = try PrivateKey.generateP256()
        let csr = try SigningRequest(key: key, subject: "root").pem
        let grant = try grant(try enrolment(csr: csr), newRow: world.row)
        #expect(grant.order.publicKey == key.publicKey && grant.order.profile == .agentLeaf(world.row))
        #expect(!grant.order.subject.contains("root") && grant.row.group == "prod" && grant.row.displayName == "db-7")
        #expect(grant.token.usedBy == world.row)
    }

    @Test func `enrolment is refused without a good request and without a uid`() throws {
        let csr = try SigningRequest(key: .generateP256(), subject: "x").pem
        #expect(throws: FleetRefusal.requestMissing) { try grant(try enrolment(csr: ""), newRow: world.row) }
        let refusal = #expect(throws: FleetRefusal.self) {
            try grant(try enrolment(csr: "nonsense"), newRow: world.row)
        }
        #expect(refusal?.operatorMessage.code == "fleet.request-not-valid")
        var nameless = try enrolment(csr: csr)
        nameless.report.instanceUID = [1]
        #expect(throws: FleetRefusal.instanceUIDNotValid) { try grant(nameless, newRow: world.row) }
    }

    /// The agent of a row that has moved may come back, and one that is awaited has yet to show its key.
    @Test(arguments: [Presence.live, .arriving, .movedToPeer(PeerWorld.shared.us.id, name: "us")])
    func `a newcomer with the uid of another agent gets a fresh one and its own row`(presence: Presence) throws {
        let csr = try SigningRequest(key: .generateP256(), subject: "x").pem
        var other = try enrolment(csr: csr)
        other.sameUID = [world.agent(presence: presence)]
        if presence == .arriving { other.sameUID[0].leaf = nil }
        let grant = try grant(other, newRow: .init(repeating: 1))
        #expect(grant.row.id == .init(repeating: 1) && grant.row.instanceUID == Self.freshUID)
        #expect(grant.order.profile == .agentLeaf(.init(repeating: 1)))

        other.sameUID = [world.agent(presence: .withdrawn)]
        #expect(try self.grant(other, newRow: .init(repeating: 1)).row.instanceUID == world.uid)
    }

    private static let freshUID = InstanceUID(repeating: 0x77)

    private func grant(_ enrolment: Enrolment, newRow: AgentID) throws -> Enrolment.Grant {
        try enrolment.grant(newRow: newRow, freshUID: Self.freshUID, at: world.now)
    }

    @Test func `a host that was reset enrols into its own row, and a revoked row is in nobody's way`() throws {
        let key = try PrivateKey.generateP256()
        let csr = try SigningRequest(key: key, subject: "x").pem
        var known = world.agent()
        known.leaf = try PeerWorld.leaf(of: world.row, by: world.eu, key: key)
        known.epoch = 4
        var again = try enrolment(csr: csr)
        again.sameUID = [known]
        let grant = try grant(again, newRow: .init(repeating: 1))
        #expect(grant.row.id == world.row && grant.row.epoch == 4 && grant.token.usedBy == world.row)
        #expect(grant.order.profile == .agentLeaf(world.row))
        var row = grant.row
        row.enrols(with: try PeerWorld.leaf(of: world.row, by: world.eu, key: key))
        let former = try #require(known.fingerprint)
        #expect(row.previousLeaf == former && !row.honours(former, at: world.now))

        known.leafRevoked = true
        again.sameUID = [known]
        let renewed = try self.grant(again, newRow: .init(repeating: 1)).row
        #expect(renewed.id == .init(repeating: 1) && renewed.instanceUID == world.uid)
    }

    private func enrolment(csr: String) throws -> Enrolment {
        let request = ConnectionSettingsRequest(
            opamp: OpAMPConnectionSettingsRequest(certificateRequest: CertificateRequest(csr: Array(csr.utf8))))
        let description = AgentDescription(
            nonIdentifyingAttributes: [KeyValue(key: "host.name", value: .string("db\u{202E}-7\n"))])
        return Enrolment(
            token: try BootstrapToken.created(
                digest: [1], group: "prod", groups: ["prod"], by: "admin", at: world.now),
            report: AgentToServer(
                instanceUID: world.uid.bytes, agentDescription: description, connectionSettingsRequest: request),
            sameUID: [])
    }

    @Test func `one key signs, the one before it is trusted for a month`() throws {
        let first = world.eu.authority
        let second = world.us.authority
        let month = Duration.seconds(30 * 86_400)
        var keys = SigningKeys([SigningKey(certificate: first, state: .active, since: world.now)])
        keys = try keys.drafting(second, at: world.now)
        #expect(keys.honoured == [first] && keys.published == [first, second])
        #expect(throws: AuthorityRefusal.notDraft) { try keys.activating(first.fingerprint, at: world.now) }
        keys = try keys.activating(second.fingerprint, at: world.now)
        #expect(keys.active?.certificate == second && keys.honoured == [second, first])
        #expect(throws: AuthorityRefusal.stillNeeded(until: world.now + month)) {
            try keys.retiring(first.fingerprint, at: world.now)
        }
        #expect(throws: AuthorityRefusal.notTrusted) { try keys.retiring(second.fingerprint, at: world.now + month) }
        keys = try keys.retiring(first.fingerprint, at: world.now + month)
        #expect(keys.honoured == [second])
    }

    @Test func `a draft can be discarded, and nothing else can`() throws {
        let (first, second) = (world.eu.authority, world.us.authority)
        var keys = SigningKeys([SigningKey(certificate: first, state: .active, since: world.now)])
        keys = try keys.drafting(second, at: world.now)
        #expect(throws: AuthorityRefusal.notDraft) { try keys.discarding(first.fingerprint, at: world.now) }
        keys = try keys.discarding(second.fingerprint, at: world.now)
        #expect(keys.published == [first])
        #expect(throws: AuthorityRefusal.notDraft) { try keys.activating(second.fingerprint, at: world.now) }
    }

    @Test func `a draft that a trust set would not hold is refused`() throws {
        let first = SigningKey(certificate: world.eu.authority, state: .active, since: world.now)
        let keys = try SigningKeys([first]).drafting(world.us.authority, besides: 6, at: world.now)
        #expect(throws: AuthorityRefusal.tooManyKeys(2)) {
            try keys.drafting(world.stranger.authority, besides: 6, at: world.now)
        }
    }

    @Test func `a draft that is not valid yet does not become active`() throws {
        let (first, second) = (world.eu.authority, world.us.authority)
        let keys = try SigningKeys([SigningKey(certificate: first, state: .active, since: world.now)])
            .drafting(second, at: world.now)
        #expect(throws: AuthorityRefusal.notYetValid(from: second.notBefore)) {
            try keys.activating(second.fingerprint, at: second.notBefore - .seconds(1))
        }
    }

    @Test func `a key that a connected agent knows alone is not retired`() throws {
        let (first, second) = (world.eu.authority, world.us.authority)
        let keys = try SigningKeys([SigningKey(certificate: first, state: .active, since: world.now)])
            .drafting(second, at: world.now).activating(second.fingerprint, at: world.now)
        let later = world.now + SigningKeys.trustedPeriod
        #expect(throws: AuthorityRefusal.knownAlone(2)) {
            try keys.retiring(first.fingerprint, dependents: 2, at: later)
        }
        #expect(try keys.retiring(first.fingerprint, at: later).published == [second])
    }

    @Test func `the key known longest is the first trusted one, as long as it is valid`() throws {
        let (first, second, third) = (world.eu.authority, world.us.authority, world.stranger.authority)
        var keys = SigningKeys([SigningKey(certificate: first, state: .active, since: world.now)])
        #expect(keys.longestKnown(at: world.now, until: world.now) == first)
        #expect(keys.longestKnown(at: world.now, until: first.notAfter) == nil)
        #expect(keys.longestKnown(at: first.notBefore - .seconds(1), until: world.now) == nil)
        for (number, next) in [second, third].enumerated() {
            let now = world.now + .seconds(Int64(number + 1) * 60)
            keys = try keys.drafting(next, at: now).activating(next.fingerprint, at: now)
            #expect(keys.longestKnown(at: now, until: now) == first)
        }
        keys = try keys.retiring(first.fingerprint, at: world.now + .seconds(31 * 86_400))
        #expect(keys.longestKnown(at: world.now, until: world.now) == second)
    }

    @Test func `an operator token holds until it ends`() throws {
        let text = Credential.operatorToken.text(random: random).revealText()
        let digest = try #require(Credential.operatorToken.digest(of: text))
        let token = OperatorToken(
            name: "ci", role: .viewer, digest: digest, createdAt: world.now, expiresAt: world.now + .seconds(60))
        #expect(token.isInForce(at: world.now) && !token.isInForce(at: world.now + .seconds(60)))
        #expect(OperatorToken(name: "ci", role: .viewer, digest: digest, createdAt: world.now).isInForce(at: world.now))
    }

    @Test func `federation, keys, issuing and redeeming are an admin's`() {
        #expect(OperatorAct.allCases.allSatisfy { Role.admin.may($0) })
        #expect(OperatorAct.allCases.filter { Role.viewer.may($0) }.allSatisfy { $0.rawValue.hasPrefix("read") })
        for act in [OperatorAct.issueHandovers, .redeemHandovers, .managePeers, .manageAuthority] {
            #expect(!Role.operator.may(act))
        }
        #expect(Role.operator.may(.assignAgents) && !Role.viewer.may(.assignAgents))
    }
}
