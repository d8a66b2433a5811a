import Certificates
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import TestValues
import Testing
import Vocabulary

@testable import MiniServer

struct FederationInterfaceTests {
    /// What a caller shows, and what that alone is worth.
    enum Shown: CaseIterable {
        case nothing, secretOnly, certificateOnly, certificateAndWrongSecret, both

        var status: Int? {
            switch self {
            case .nothing, .secretOnly: 403
            case .certificateOnly, .certificateAndWrongSecret: 401
            case .both: nil
            }
        }
    }

    @Test(arguments: Shown.allCases) func `every route takes both factors`(shown: Shown) async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            let secrets = try await RunningServer.federate(eu, us)
            let identity = try await us.newestIdentity()
            let wrong = Credential.federationSecret.text(random: RandomBytes.generate(32)).revealText()
            let (certificate, bearer): (FederationIdentity?, String?) =
                switch shown {
                case .nothing: (nil, nil)
                case .secretOnly: (nil, secrets.inbound)
                case .certificateOnly: (identity, nil)
                case .certificateAndWrongSecret: (identity, wrong)
                case .both: (identity, secrets.inbound)
                }
            for route in FederationRoutes.all {
                let path = route.template.replacing("{id}", with: String(repeating: "0", count: 32))
                let answer = try await RunningServer.$others.withValue([us.server]) {
                    // The right secret ends the count of wrong ones, which would answer 429 to the last routes.
                    _ = try await eu.exchange(FederationRoutes.ping(), bearer: secrets.inbound, as: identity)
                    return try await eu.exchange(
                        RouteTarget(method: route.method, path: path), bearer: bearer, as: certificate)
                }
                if let status = shown.status {
                    #expect(answer.status == status, "\(route)")
                    #expect(answer.type == ServerAPI.Problem.contentType)
                } else {
                    #expect(answer.status != 401 && answer.status != 403, "\(route): \(answer.text)")
                }
            }
            let reasons = try await eu.audit().compactMap { $0.additional["reason"] }
            switch shown {
            case .nothing, .secretOnly: #expect(reasons.contains { $0.hasPrefix("certificate:") })
            case .certificateOnly, .certificateAndWrongSecret: #expect(reasons.contains { $0.hasPrefix("secret:") })
            case .both: #expect(reasons.isEmpty)
            }
        }
    }

    /// The very gate, with everything around it; `PeerAuthenticationTests` tries thousands without the slowing down.
    @Test func `no wrong secret is accepted, and a peer with many wrong ones has to wait`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            let secrets = try await RunningServer.federate(eu, us)
            let identity = try await us.newestIdentity()
            try await RunningServer.$others.withValue([us.server]) {
                let right = try await eu.exchange(FederationRoutes.ping(), bearer: secrets.inbound, as: identity)
                #expect(right.status == 200)
                var statuses: [Int: Int] = [:]
                for _ in 0..<200 {
                    let wrong = Credential.federationSecret.text(random: RandomBytes.generate(32)).revealText()
                    let answer = try await eu.exchange(FederationRoutes.ping(), bearer: wrong, as: identity)
                    statuses[answer.status, default: 0] += 1
                    if answer.status == 429 { #expect(answer.problem?.code == "federation.too-many-wrong-secrets") }
                }
                #expect(Set(statuses.keys) == [401, 429], "\(statuses)")
            }
            let reasons = try await eu.audit().compactMap { $0.additional["reason"] }
            #expect(reasons.contains { $0.hasPrefix("secret: not that of") })
            #expect(reasons.contains { $0.hasPrefix("secret: too many wrong ones") })
        }
    }

    @Test func `a certificate that is not pinned is echoed by its fingerprint`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            let secrets = try await RunningServer.federate(eu, us)
            let other = try await us.issueCertificate()
            let identity = try await us.newestIdentity()
            let answer = try await RunningServer.$others.withValue([us.server]) {
                try await eu.exchange(FederationRoutes.ping(), bearer: secrets.inbound, as: identity)
            }
            #expect(answer.problem?.code == "federation.certificate-not-accepted")
            #expect(answer.problem?.presentedFingerprint == other.fingerprint)
        }
    }

    @Test func `a handover of others is not there, and the question is audited`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            let id = HandoverID.random
            let client = FederationClient(server: us.server.context)
            await #expect(throws: PeerCallFailure.self) {
                _ = try await client.status(of: id, at: eu.server.context.authority.peerID)
            }
            await client.shutDown()
            let entry = try #require(try await eu.audit().first { $0.action == .remoteRequest })
            #expect(entry.after == "404")
            #expect(entry.traceID == id.description, "a handover is one trace on both sides")
        }
    }
}
