import Certificates
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
            OperatorRoutes.updatePeer, OperatorRoutes.updatePeer.path(name), sending: PeerUpdate(certificatePEM: pem))
    }

    /// As after the 24 hours in which the certificate before is accepted too.
    private func endOverlap(of name: String, at server: RunningServer) async throws {
        try await server.server.context.database.write { tables in
            var row = try tables.peer(named: name)
            row.pin = PeerPin(row.pin.current)
            try tables.peers.save(row)
        }
    }

    private func presented(at server: RunningServer) async throws -> [String] {
        try await server.audit().filter { $0.action == "Federation.RemoteRequest" }.compactMap(\.after)
    }

    @Test func `a renewal cuts nobody off, before the paste and after it`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            #expect(try await eu.ping("us").ok)
            let renewed = try await eu.issueCertificate()
            #expect(try await eu.ping("us").ok)

            let refusals = { try await presented(at: us).filter { $0 == "forbidden" }.count }
            let before = try await refusals()
            #expect(before > 0, "the new one was tried")
            #expect(try await eu.ping("us").ok)
            #expect(try await refusals() == before, "what the peer accepts is remembered")

            let row = try await paste(renewed.pem, of: "eu", at: us)
            #expect(row.fingerprint == renewed.fingerprint)
            #expect(try await eu.ping("us").ok)
            try await endOverlap(of: "eu", at: us)
            #expect(try await eu.ping("us").ok)
        }
    }

    @Test func `a paste brings the CA that the peer has moved on to`() async throws {
        try await RunningServer.run("eu", "us") { servers in
            let (eu, us) = (servers[0], servers[1])
            _ = try await RunningServer.federate(eu, us)
            // US hears nothing of two rotations; of the first CA nothing is left at EU.
            let old = try eu.server.context.authority.active().certificate
            let draft: SigningKeySummary = try await eu.call(OperatorRoutes.draftSigningKey)
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
            let refreshed: PeerSummary = try await us.call(
                OperatorRoutes.refreshPeer, OperatorRoutes.refreshPeer.path("eu"))
            #expect(refreshed.tokenSigners.map(\.fingerprint) == [draft.fingerprint], "a statement has the last word")
        }
    }
}
