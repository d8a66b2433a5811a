import OpAMPProto
import TestValues
import Testing
import Vocabulary

@testable import AgentCore

@Suite struct StateTests {
    let all = Authorities.shared

    func full() throws -> AgentState {
        var configuration = try all.configuration()
        configuration.server.settings.headers = [HeaderField("Authorization", Secret([0xFF, 0x00, 0x41]))]
        configuration.server.settings.proxy = ProxySettings(
            isTLS: true, host: "::1", port: 1, connectHeaders: [HeaderField("a", Secret("b"))])
        configuration.server.settings.heartbeat = nil
        configuration.server.settings.tls.cipherSuites = ["TLS_AES_128_GCM_SHA256"]
        configuration.digest = [1, 2]
        var state = AgentState(instanceUID: all.uid, configuration: configuration)
        let facts = HandoverFacts(id: .init(repeating: 7), epoch: .max, probation: .seconds(60))
        state.previous = configuration.server
        state.candidate = Candidate(
            origin: .offer(facts), server: configuration.server, hash: .unnamed(digest: [1]), attempts: 2,
            until: all.now)
        state.standby = StandbyGrant(
            server: configuration.server, handover: facts, hash: .named([2]), until: all.now)
        state.probation = Probation(hash: .named([1]), length: .seconds(300), until: all.now, isHandover: true)
        state.verdict = Verdict(hash: .named([1]), failed: .http(status: 404))
        state.verdicts = [Verdict(hash: .named([1]), outcome: .applied), try #require(state.verdict)]
        state.failedOffers = [
            FailedOffer(origin: "wss://a:1", verdict: try #require(state.verdict), failures: 2, at: all.now)
        ]
        state.epoch = .max
        state.handoverID = facts.id
        state.adoptions = [all.now]
        state.remoteConfigStatus = RemoteConfigStatus(lastRemoteConfigHash: [1], status: .failed, errorMessage: "no")
        state.hostOffer = HostOffer(
            hash: .named([1]), origin: "wss://a:1", hasOpAMPPart: true,
            offers: ConnectionSettingsOffers(
                hash: [1], ownLogs: TelemetryConnectionSettings(destinationEndpoint: "https://logs.example/")))
        state.failedConfigurations = [
            FailedConfiguration(
                origin: "wss://a:1", hash: [1], message: "no", mayPass: true, failures: 3, at: all.now)
        ]
        state.hasAdopted = true
        state.isEnrolled = true
        state.unprovenLeaf = UnprovenLeaf(
            offer: .named([3]), former: LeafChain(leaf: all.leaf.leaf, offeredKey: Secret("key")), hadAdopted: true)
        return state
    }

    @Test func `a state survives its text`() throws {
        let state = try full()
        #expect(try AgentState(decoding: state.encoded) == state)
        var wayBack = state
        let handover = try #require(state.standby?.handover)
        for origin in [Candidate.Origin.probation, .offer(nil), .standby(handover)] {
            wayBack.candidate?.origin = origin
            #expect(try AgentState(decoding: wayBack.encoded) == wayBack)
        }
        let first = AgentState(instanceUID: all.uid, configuration: try all.configuration())
        #expect(try AgentState(decoding: first.encoded) == first)
    }

    @Test(arguments: [1, 2, 3])
    func `a state of an earlier version is read, without what it did not know`(version: Int) throws {
        let newer = [(2, "failedOffers"), (3, "failedConfigurations")].filter { $0.0 > version }.map(\.1)
        var state = try full()
        state.unprovenLeaf = nil
        if version < 3 { (state.failedConfigurations, state.standby) = ([], nil) }
        if version < 2 { state.failedOffers = [] }
        let former = #""version":\#(version)"#
        let text = newer.reduce(state.json.description.replacing(#""version":4"#, with: former)) {
            $0.replacing(#""\#($1)":[],"#, with: "")
        }
        #expect(text.contains(former) && newer.allSatisfy { !text.contains($0) })
        #expect(try AgentState(decoding: Array(text.utf8)) == state)
        state.unprovenLeaf = try full().unprovenLeaf
        let mixed = state.json.description.replacing(#""version":4"#, with: former)
        #expect(throws: StateRefusal.malformed("state.\((newer + ["unprovenLeaf"]).sorted()[0])")) {
            try AgentState(decoding: Array(mixed.utf8))
        }
    }

    @Test func `F25 a text that is not exactly a state is refused by name`() throws {
        let text = try full().json.description
        let cases: [(String, String, StateRefusal)] = [
            (#""version":4"#, #""version":5"#, .unknownVersion(5)),
            (#""version":4"#, #""version":4,"more":1"#, .malformed("state.more")),
            (#""failures":2"#, #""failures":0"#, .malformed("failedOffers.failures")),
            (#""hasAdopted":true,"#, "", .malformed("state.hasAdopted")),
            (#""attempts":2"#, #""attempts":-2"#, .malformed("candidate.attempts")),
            ("wss://source", "ftp://source", .malformed("settings.endpoint")),
            (#""minimumTLS":"1.2""#, #""minimumTLS":"1.0""#, .malformed("settings.minimumTLS")),
            ("BEGIN CERTIFICATE", "BEGIN PRIVATE KEY", .malformed("settings.serverCAs")),
        ]
        for (old, new, expected) in cases {
            try #require(text.contains(old))
            let broken = text.replacing(old, with: new, maxReplacements: 1)
            #expect(throws: expected) { try AgentState(decoding: Array(broken.utf8)) }
        }
        for end in stride(from: 0, to: text.utf8.count, by: 97) {
            #expect(throws: StateRefusal.self) { try AgentState(decoding: Array(text.utf8.prefix(end))) }
        }
    }

    @Test func `F25 no object of a state holds what the agent does not know`() throws {
        let text = try full().json.description
        let objects = text.indices.filter { text[$0] == "{" }
        #expect(objects.count > 10)
        for object in objects {
            var broken = text
            broken.insert(contentsOf: #""more":1,"#, at: text.index(after: object))
            let refusal = #expect(throws: StateRefusal.self) { try AgentState(decoding: Array(broken.utf8)) }
            guard case .malformed(let member)? = refusal else { continue }
            #expect(member.hasSuffix(".more"))
        }
    }

    @Test func `secrets stand in the file and in no description`() throws {
        var state = try full()
        state.active.settings.headers = [HeaderField("Authorization", Secret("canary-header"))]
        #expect(!"\(state)".contains("canary"))
        var dumped = ""
        dump(state, to: &dumped)
        #expect(!dumped.contains("canary"))
        #expect(try AgentState(decoding: state.encoded).active.settings.headers[0].value == Secret("canary-header"))
    }

    @Test func `the file decides until an offer has been adopted`() throws {
        var state = AgentState(instanceUID: all.uid, configuration: try all.configuration { $0.digest = [1] })
        let edited = try all.configuration(at: all.third.endpoint) { $0.digest = [2] }
        var fresh = World(edited, state: state)
        fresh.start()
        #expect(fresh.disk.active.settings.endpoint == all.third.endpoint)
        state.hasAdopted = true
        var moved = World(edited, state: state)
        moved.start()
        #expect(moved.disk.active.settings.endpoint == all.source.endpoint)
        #expect(moved.logged(.configurationIgnored) != nil)
    }
}
