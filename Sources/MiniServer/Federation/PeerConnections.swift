import AsyncHTTPClient
import Certificates
import HandoverToken
import Logging
import NIOCore
import NIOSSL
import ServerCore
import Synchronization
import Vocabulary

/// HTTPS to peers, each over its own client: our federation certificate, and the peer's CAs as the only roots.
final class PeerConnections: Sendable {
    /// To whom, as whom: after a renewal both our certificates may be in use.
    private struct Line: Hashable {
        var peer: PeerID
        var certificate: Fingerprint
    }

    /// What else a client was made from; when any of it changes, so does the client.
    private struct Making: Hashable {
        var roots: [Fingerprint]
        var host: String
    }

    /// The certificate is of a trusted CA and not this host's.
    struct OtherHost: Error {}

    private let clients = Mutex<[Line: (making: Making, client: HTTPClient)]>([:])

    static let connectDeadline = TimeAmount.seconds(3)

    func client(
        for peer: PeerRecord, as identity: FederationIdentity, sealing: SealingKey
    ) throws -> HTTPClient {
        let line = Line(peer: peer.id, certificate: identity.certificate.fingerprint)
        let making = Making(
            roots: peer.trust.serverCAs.certificates.map(\.fingerprint), host: peer.endpoint.host)
        let known = clients.withLock { $0[line] }
        if let known, known.making == making { return known.client }
        let client = try Self.makeClient(for: peer, as: identity, sealing: sealing)
        let former = clients.withLock { $0.updateValue((making, client), forKey: line) }
        if let former { Task { try? await former.client.shutdown() } }
        return client
    }

    func shutDown() async {
        let all = clients.withLock { clients in
            defer { clients = [:] }
            return clients.values.map(\.client)
        }
        for client in all { try? await client.shutdown() }
    }

    /// On the channel's event loop, after the handshake.
    ///
    /// - Throws: `OtherHost`; the connection closes, and the pool has forgotten it by then.
    private static func check(_ channel: any Channel, isNamed host: String) throws {
        let handler = try channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
        let leaf = try handler.peerCertificate.map { try Certificate(der: try $0.toDERBytes()) }
        let isNamed = leaf.map { leaf in
            !ChainCheck.problems(leaf: leaf, anchors: [], purpose: .server(host: host), at: .now)
                .contains(where: \.isOfName)
        }
        guard isNamed ?? false else {
            channel.eventLoop.execute { channel.close(promise: nil) }
            throw OtherHost()
        }
    }

    private static func makeClient(
        for peer: PeerRecord, as identity: FederationIdentity, sealing: SealingKey
    ) throws -> HTTPClient {
        let key = try sealing.open(identity.sealedKey, for: .federationKey)
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.certificateVerification = .fullVerification
        tls.trustRoots = .certificates(
            try peer.trust.serverCAs.certificates.map { try NIOSSLCertificate(bytes: $0.der, format: .der) })
        tls.certificateChain = [.certificate(try NIOSSLCertificate(bytes: identity.certificate.der, format: .der))]
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key.reveal(), format: .pem))
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: connectDeadline, read: .seconds(5)), decompression: .disabled)
        configuration.httpVersion = .http1Only
        // A refused connection is an answer for the operator; who wants to try again does so outside.
        configuration.connectionPool.retryConnectionEstablishment = false
        // NIOSSL takes a certificate for the address that was dialled as good for every name that leads there. A peer
        // is to have the name that its row has (RFC 9525), so that is checked again before anything is sent.
        let host = peer.endpoint.host
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.makeCompletedFuture { try check(channel, isNamed: host) }
        }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}

extension ChainProblem {
    fileprivate var isOfName: Bool {
        switch self {
        case .wrongName, .noSubjectAlternativeName: true
        default: false
        }
    }
}
