import Certificates
import Foundation
import HandoverToken
import ServerAPI
import ServerCore
import ServerStorage
import Testing
import Vocabulary

@testable import MiniServer

/// A federation certificate is renewed on one side and pasted on the other, hours apart.
@Suite(.timeLimit(.minutes(1)))
struct CertificateRenewalTests {
    private func paste(_ pem: String, of name: String, at server: RunningServer) async throws -> PeerSummary {
        try await server.call(
            OperatorRoutes.updatePeer(name), sending: PeerUpdate(certificatePEM: pem))
    }

    private func refusals(at server: RunningServer) async throws -> Int {
        try await server.audit().filter { $0.action == .remoteRequest && $0.after == "forbidden" }.count
    }

    @Test
    func `a renewal cuts nobody off, and the day of the old certificate begins with the first use of the new one`()
        async throws
    {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            #expect(try await eu.ping("us").ok)
            let old = try await us.savedPeer("eu").pin.current
            let renewed = try await eu.issueCertificate()
            #expect(try await eu.ping("us").ok)
            #expect(try await refusals(at: us) == 0, "what the peer accepted last comes first")

            let row = try await paste(renewed.pem, of: "eu", at: us)
            #expect(row.fingerprint == renewed.fingerprint)
            #expect(row.previousFingerprint == old.fingerprint && row.previousUntil == nil, "it was not used yet")
            // This call shows the old one, and its answer says which one is to be shown.
            #expect(try await eu.ping("us").ok)
            #expect(try await us.savedPeer("eu").pin.previousUntil == nil)
            let before = Timestamp.now
            #expect(try await eu.ping("us").ok)
            let pin = try await us.savedPeer("eu").pin
            let until = try #require(pin.previousUntil)
            #expect(until >= before + peerOverlap && until <= .now + peerOverlap)
            #expect(try await refusals(at: us) == 0)
            let first = try await us.audit().filter { $0.action == .peerFactorFirstUsed }
            #expect(first.map(\.after) == ["certificate"])
            #expect(try await eu.savedPeer("us").acceptedCertificate == renewed.fingerprint)
        }
    }

    @Test func `a certificate for a third peer cuts off neither the first nor the second`() async throws {
        try await RunningServer.run("eu", "us", "ap", "sa") { servers in
            let eu = servers[0]
            var given: [String: Fingerprint] = [:]
            for (name, peer) in [("us", servers[1]), ("ap", servers[2]), ("sa", servers[3])] {
                _ = try await RunningServer.federate(eu, peer, as: name)
                given[name] = try await eu.newestIdentity()?.certificate.fingerprint
                for known in given.keys { #expect(try await eu.ping(known).ok, "\(known) after \(name)") }
            }
            for (name, certificate) in given {
                #expect(try await eu.savedPeer(name).acceptedCertificate == certificate)
            }
            let listed = try await eu.call(OperatorRoutes.federationCertificates())
            #expect(listed.items.map(\.acceptedBy) == [["sa"], ["ap"], ["us"]])
            #expect(listed.items.map(\.inUse) == [true, true, true])
        }
    }

    @Test func `a federation certificate of a clock that was ahead is not shown`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            let context = eu.server.context
            let future = try await context.authority.issueFederation(
                subject: "ahead", lifetime: .seconds(86_400), in: context.database, by: .server,
                at: .now + .seconds(200 * 86_400))
            #expect(try await eu.ping("us").ok)
            #expect(try await refusals(at: us) == 0, "it was not tried")
            let listed = try await eu.call(OperatorRoutes.federationCertificates())
            #expect(listed.items.first { $0.fingerprint == future.certificate.fingerprint }?.inUse == false)
        }
    }

    @Test func `a restarted server shows each peer the certificate that it accepted before`() async throws {
        try await RunningServer.withDirectory { root in
            let configuration = ServerConfiguration(
                dataDirectory: root.appending(path: "eu").path, name: "eu", port: 0)
            try await RunningServer.run("us") { servers in
                let us = servers[0]
                let admin = try await RunningServer.runOnce(configuration) { eu in
                    _ = try await RunningServer.federate(eu, us)
                    #expect(try await eu.ping("us").ok)
                    // For somebody else: the newest one is not the one that US pins.
                    _ = try await eu.issueCertificate()
                    _ = try await eu.savedPeer("us")
                    return eu.admin
                }
                try await RunningServer.runOnce(configuration, admin: admin) { eu in
                    let result = try await eu.ping("us")
                    #expect(result.ok, "\(result.text)")
                }
                #expect(try await refusals(at: us) == 0)
            }
        }
    }

    @Test func `a paste brings the CA that the peer has moved on to`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            // US hears nothing of two rotations; of the first CA nothing is left at EU.
            let old = try eu.server.context.authority.active().certificate
            let draft = try await eu.call(OperatorRoutes.draftSigningKey())
            let context = eu.server.context
            try await context.authority.activate(draft.fingerprint, in: context.database, by: .server, at: .now)
            try await context.authority.retire(
                old.fingerprint, in: context.database, by: .server, at: .now + SigningKeys.trustedPeriod)
            await context.renewListener()
            #expect(try await us.ping("eu").code == "federation.ping-tls")

            let row = try await paste(try await eu.issueCertificate().pem, of: "eu", at: us)
            for set in [row.serverCAs, row.agentCAs, row.tokenSigners] {
                #expect(set.map(\.fingerprint) == [draft.fingerprint, old.fingerprint])
            }
            #expect(try await us.ping("eu").ok)
            let refreshed = try await us.call(
                OperatorRoutes.refreshPeer("eu"))
            #expect(refreshed.tokenSigners.map(\.fingerprint) == [draft.fingerprint], "a statement has the last word")
        }
    }
}
