import Certificates
import Foundation
import OperatorClient
import Recorder
import ServerAPI
import Vocabulary

extension Drill {
    /// Agents are their leaves, and only the end of TLS sees a leaf: a balancer that passes TCP on can stand in front, one that
    /// ends TLS cannot.
    static let balancerInFront = Drill(
        "balancer-in-front",
        "load balancers stand in front of EU and US: the agent moves through those that pass TLS on, not past one that ends it",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run, behindBalancers: true)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        try await run.step("a balancer that ends TLS hides the leaf: EU refuses every agent behind it") { notes in
            try await refusesBehindEndedTLS(agent, at: eu, notes)
        }
        let issued = try await run.step("EU hands the agent to US") { notes in
            try await regions.handOver(agent, from: eu, to: us, notes)
        }
        try await run.step("EU shows it as moved, and US's balancer as its server") { notes in
            try await regions.movedToPeer(agent, from: eu, to: us, notes)
            let status = try await agent.status()
            try notes.expect(
                "the agent names US's balancer", status.active.endpoint.contains(":\(us.entrancePort)/"),
                seen: status.active.endpoint)
            let passed = us.balancer?.connections ?? 0
            try notes.expect("connections went through US's balancer", passed > 0, seen: "\(passed)")
            notes.say("\(passed) connections through US's balancer")
        }
        try await run.step("the audit of both sides tells one story") {
            try await regions.joined(issued, from: eu, to: us, $0)
        }
        try await run.step("US hands it back") { notes in
            try await regions.phase([.settled], of: issued, on: us)
            try await regions.phase([.settled], of: issued, on: eu)
            _ = try await regions.handOver(agent, from: us, to: eu, notes)
        }
    }

    /// The agent's own certificate and key, by POST and as a WebSocket, with the headers in which balancers write what they
    /// have seen; the same upgrade is granted where TLS ends at the server.
    @MainActor private static func refusesBehindEndedTLS(
        _ agent: AgentProcess, at server: ServerProcess, _ notes: StepNotes
    ) async throws {
        let company = try ForeignAuthority("Company CA")
        let files = try company.writeListenerIdentity(into: agent.directory)
        var settings = try ProxyConfiguration(listen: "127.0.0.1:0", server: "wss://127.0.0.1:\(server.port ?? 0)")
        settings.identity = try .read(certificate: files.certificate.path, key: files.key.path)
        settings.serverAuthorities = try CertificateBundle(pem: server.authorities).certificates
        let recording = Recording("nothing", showingSecrets: false, to: { _ in }, failures: { _ in })
        let balancer = try await Proxy.listen(settings, recording: recording)
        let serving = Task { try await balancer.run() }
        defer { serving.cancel() }

        let identity = try agent.identity()
        let leaf = Base64.encode(identity.leaf.der)
        let headers = [
            "Client-Cert": ":\(leaf):", "X-SSL-Client-Cert": leaf,
            "X-Forwarded-Client-Cert": "Hash=\(identity.leaf.fingerprint);Cert=\"\(leaf)\"",
        ]
        for way in Evidence.Probe.Way.ofAgents {
            let client = try OperatorClient(
                base: "https://127.0.0.1:\(balancer.port)", token: nil, authorities: company.certificate.pem,
                identity: Probes.identity(of: identity))
            let answer = try? await Probes.speak(to: client, way, uid: identity.instanceUID, headers: headers)
            await client.close()
            let status = try notes.expectSome("an answer to the \(way)", answer).status
            try notes.expect(
                "the \(way) through the balancer is refused", status == 401 || status == 403, seen: "\(status)")
        }
        let direct = try await Probes.asStranger(Probes.identity(of: identity), at: server) { client in
            try await Probes.speak(to: client, .upgrade, uid: identity.instanceUID, headers: [:])
        }
        try notes.expect("the same upgrade where TLS ends at \(server.label)", direct.status, is: 101)
        notes.say("the leaf is known by its handshake only")
    }
}
