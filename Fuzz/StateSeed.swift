import Certificates
import HandoverToken
import OpAMPProto
import TestValues
import Vocabulary

@testable import AgentCore

extension Seeds {
    /// A state in which everything is there that a state can have.
    static func state() throws -> AgentState {
        var settings = ConnectionSettings(
            endpoint: try Endpoint("wss://source.example:4320/v1/opamp"),
            trust: ServerTrust(anchors: CertificateBundle([FixedWorld.authority.certificate])), leaf: FixedWorld.leaf)
        settings.headers = [HeaderField("X-Tenant", Secret("blue"))]
        settings.proxy = ProxySettings(
            isTLS: true, host: "::1", port: 1, connectHeaders: [HeaderField("a", Secret("b"))])
        settings.tls.cipherSuites = ["TLS_AES_128_GCM_SHA256"]
        let server = ServerSettings(settings: settings, tokenSigners: FixedWorld.signers, signersVersion: 2)
        var state = AgentState(
            instanceUID: .init(repeating: 0xE5), configuration: AgentConfiguration(server: server, digest: [1, 2]))
        let facts = HandoverFacts(id: .init(repeating: 7), epoch: 3, probation: .seconds(60))
        let verdict = Verdict(hash: .named([1]), failed: .http(status: 404))
        state.previous = server
        state.candidate = Candidate(
            origin: .offer(facts), server: server, hash: .unnamed(digest: [1]), attempts: 2, until: FixedWorld.now)
        state.standby = StandbyGrant(server: server, handover: facts, hash: .named([2]), until: FixedWorld.now)
        state.probation = Probation(hash: .named([1]), length: .seconds(300), until: FixedWorld.now, isHandover: true)
        state.verdict = verdict
        state.verdicts = [Verdict(hash: .named([1]), outcome: .applied), verdict]
        state.failedOffers = [FailedOffer(origin: "wss://a:1", verdict: verdict, failures: 2, at: FixedWorld.now)]
        state.handoverID = facts.id
        state.adoptions = [FixedWorld.now]
        state.remoteConfigStatus = RemoteConfigStatus(lastRemoteConfigHash: [1], status: .failed, errorMessage: "no")
        state.hostOffer = HostOffer(
            hash: .named([1]), origin: "wss://a:1", hasOpAMPPart: true,
            offers: ConnectionSettingsOffers(
                hash: [1], ownLogs: TelemetryConnectionSettings(destinationEndpoint: "https://logs.example/")))
        state.failedConfigurations = [
            FailedConfiguration(
                origin: "wss://a:1", hash: [1], message: "no", mayPass: true, failures: 3, at: FixedWorld.now)
        ]
        return state
    }
}
