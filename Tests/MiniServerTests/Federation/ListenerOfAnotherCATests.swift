import Certificates
import Foundation
import HandoverToken
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import TestPKI
import Testing
import Vocabulary

@testable import MiniServer

/// A server whose listener certificate comes from a company's CA, and peers that are to reach it.
@Suite(.timeLimit(.minutes(1)))
struct ListenerOfAnotherCATests {
    private func configuration(
        _ name: String, in root: URL, files: (certificate: String, key: String)? = nil
    ) -> ServerConfiguration {
        ServerConfiguration(
            dataDirectory: root.appending(path: name).path, name: name, port: 0, listenerFiles: files)
    }

    @Test(arguments: [true, false])
    func `a peer reaches it by the paste, and an agent is handed over to it`(withRoot: Bool) async throws {
        try await RunningServer.withDirectory { root in
            let pki = try await CorporatePKI()
            let us = configuration("us", in: root, files: try pki.write(withRoot: withRoot, into: root))
            try await RunningServer.$otherRoots.withValue([pki.root]) {
                try await RunningServer.runOnce(us) { us in
                    try await RunningServer.runOnce(configuration("eu", in: root)) { eu in
                        try await reach(us, from: eu, by: withRoot ? [pki.intermediate, pki.root] : [pki.intermediate])
                    }
                }
            }
        }
    }

    private func reach(_ us: RunningServer, from eu: RunningServer, by authorities: [Certificate]) async throws {
        let own = try us.server.context.authority.active().certificate
        let issued = try await us.issueCertificate()
        #expect(try CertificateBundle(pem: issued.pem).certificates.dropFirst() == [own] + authorities)
        let facts = try await eu.call(
            OperatorRoutes.inspectPeerPaste(), sending: PeerPasteText(certificatePEM: issued.pem))
        #expect(facts.authorities.map(\.fingerprint) == [own.fingerprint])
        #expect(facts.listenerAuthorities.map(\.fingerprint) == authorities.map(\.fingerprint))

        let pair = try await HandoverPair(eu, us)
        for when in ["pasted", "refreshed"] {
            let ping = try await eu.ping("us")
            #expect(ping.ok, "\(when): \(ping.text)")
            let trust = try await eu.savedPeer("us").trust
            #expect(Set(trust.serverCAs.certificates) == Set([own] + authorities), "\(when)")
            #expect(trust.agentCAs.certificates == [own] && trust.tokenSigners.certificates == [own], "\(when)")
            try await eu.call(
                OperatorRoutes.refreshPeer("us"))
        }
        let (id, token) = try await pair.issue()
        #expect(try await pair.us.service.preview(token, by: pair.operatorContext).problems.isEmpty)
        let redeemed = try await pair.us.service.redeem(token, choice: .init(), by: pair.operatorContext)
        #expect(redeemed.machine.phase == .awaiting)
        let claims = try #require(try await pair.source(id)).claims
        #expect(Set(claims.target.serverCAs.certificates) == Set([own] + authorities))
        #expect(claims.target.tokenSigners.certificates == [own])
        #expect(try CertificateBundle(pem: us.server.trustBundle).certificates.contains(authorities[0]))
    }

    @Test(arguments: [true, false])
    func `peers follow a server that goes over to such a certificate at a restart`(withRoot: Bool) async throws {
        try await RunningServer.withDirectory { root in
            let pki = try await CorporatePKI()
            let files = try pki.write(withRoot: withRoot, into: root)
            try await RunningServer.runOnce(configuration("eu", in: root)) { eu in
                let admin = try await RunningServer.runOnce(configuration("us", in: root)) { us in
                    _ = try await RunningServer.federate(eu, us)
                    let result = try await eu.ping("us")
                    #expect(result.ok, "\(result.text)")
                    return us.admin
                }
                try await RunningServer.$otherRoots.withValue([pki.root]) {
                    try await RunningServer.runOnce(configuration("us", in: root, files: files), admin: admin) { us in
                        try await until {
                            try await eu.savedPeer("us").trust.serverCAs.certificates.contains(pki.intermediate)
                        }
                        try await eu.call(
                            OperatorRoutes.updatePeer("us"),
                            sending: PeerUpdate(endpoint: us.base))
                        let result = try await eu.ping("us")
                        #expect(result.ok, "\(result.text)")
                        let refreshed = try await eu.call(
                            OperatorRoutes.refreshPeer("us"))
                        #expect(refreshed.serverCAs.map(\.fingerprint).contains(pki.intermediate.fingerprint))
                    }
                }
            }
        }
    }

    @Test func `peers are told of another CA before its certificate is shown`() async throws {
        try await RunningServer.withDirectory { root in
            let (first, second) = (try await CorporatePKI(), try await CorporatePKI())
            let files = try first.write(withRoot: true, into: root)
            let us = configuration("us", in: root, files: files)
            try await RunningServer.runOnce(us) { us in
                try await RunningServer.run("eu") { servers in
                    let eu = servers[0]
                    _ = try await RunningServer.federate(eu, us)
                    let pings = [try await eu.ping("us"), try await us.ping("eu")]
                    #expect(pings.map(\.ok) == [true, true])
                    _ = try second.write(withRoot: true, into: root)
                    let client = FederationClient(server: us.server.context)
                    await us.server.context.renewListener { next in
                        #expect(us.server.context.listener.chain.first == first.leaf)
                        await client.announceTrust(of: next)
                        let told = try? await eu.savedPeer("us").trust.serverCAs.certificates
                        #expect(told.map { Set($0).isSuperset(of: [first.root, second.root]) } == true)
                    }
                    await client.shutDown()
                    #expect(us.server.context.listener.chain.first == second.leaf)
                    let result = try await eu.ping("us")
                    #expect(result.ok, "\(result.text)")
                    let learnt = try await eu.audit().filter {
                        $0.action == .peerTrustRefreshed && $0.actor == "peer:us"
                    }
                    #expect(!learnt.isEmpty)
                }
            }
        }
    }

    @Test func `a statement of another peer, or by nobody known, is not taken`() async throws {
        try await RunningServer.run("eu", "us", "ap") { servers in
            let (eu, us, ap) = (servers[0], servers[1], servers[2])
            _ = try await RunningServer.federate(eu, us)
            let before = try await us.savedPeer("eu").trust
            let foreign = try ap.server.context.authority.sign(try await ap.server.context.trustStatement())
            await #expect(throws: (any Error).self) {
                _ = try await us.server.context.learn(
                    foreign, of: eu.server.context.authority.peerID, by: .server)
            }
            #expect(try await us.savedPeer("eu").trust == before)
        }
    }
}
