import AsyncHTTPClient
import Certificates
import HandoverToken
import Logging
import NIOCore
import NIOSSL
import ServerCore
import Synchronization
import Vocabulary

/// HTTPS to peers, with one client per peer: this server's federation certificate, and the peer's CAs as the only
/// roots.
final class PeerConnections: Sendable {
    /// The peer and the presented certificate: after a renewal both certificates may be in use.
    private struct Line: Hashable {
        var peer: PeerID
        var certificate: Fingerprint
    }

    /// What else a client was made from; when any of it changes, so does the client.
    private struct Making: Hashable {
        var roots: [Fingerprint]
        var host: String
    }

    /// The certificate is not this host's, or not of a trusted CA.
    struct NotAccepted: Error {
        let problems: [ChainProblem]
    }

    /// `nil` after the end: a client that is made then would never be shut down.
    private let clients = Mutex<[Line: (making: Making, client: HTTPClient)]?>([:])

    static let connectDeadline = TimeAmount.seconds(3)

    /// - Throws: `HTTPClientError.alreadyShutdown` after the end.
    func client(
        for peer: PeerRecord, as identity: FederationIdentity, sealing: SealingKey
    ) throws -> HTTPClient {
        let line = Line(peer: peer.id, certificate: identity.certificate.fingerprint)
        let making = Making(
            roots: peer.trust.serverCAs.certificates.map(\.fingerprint), host: peer.endpoint.host)
        let known = clients.withLock { $0?[line] }
        if let known, known.making == making { return known.client }
        let made = try Self.makeClient(for: peer, as: identity, sealing: sealing)
        // Another call may have made the same client meanwhile, and may already use it.
        let (client, surplus) = clients.withLock { clients -> (HTTPClient?, HTTPClient?) in
            if let known = clients?[line], known.making == making { return (known.client, made) }
            guard clients != nil else { return (nil, made) }
            return (made, clients?.updateValue((making, made), forKey: line)?.client)
        }
        if let surplus { Task { try? await surplus.shutdown() } }
        guard let client else { throw HTTPClientError.alreadyShutdown }
        return client
    }

    func shutDown() async {
        let all = clients.withLock { clients in
            defer { clients = nil }
            return clients?.values.map(\.client) ?? []
        }
        for client in all { try? await client.shutdown() }
    }

    /// On the channel's event loop, after the handshake.
    ///
    /// - Parameter anchors: empty when the handshake has verified the chain.
    /// - Throws: `NotAccepted`; the connection closes, and the pool has forgotten it by then.
    private static func check(_ channel: any Channel, isNamed host: String, anchors: [Certificate]) throws {
        let handler = try channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
        let leaf = try handler.peerCertificate.map { try Certificate(der: try $0.toDERBytes()) }
        let problems =
            leaf.map { leaf in
                ChainCheck.problems(leaf: leaf, anchors: anchors, purpose: .server(host: host), at: .now)
                    .filter { !anchors.isEmpty || $0.isOfName }
            } ?? [.untrusted]
        guard problems.isEmpty else {
            channel.eventLoop.execute { channel.close(promise: nil) }
            throw NotAccepted(problems: problems)
        }
    }

    private static func makeClient(
        for peer: PeerRecord, as identity: FederationIdentity, sealing: SealingKey
    ) throws -> HTTPClient {
        let key = try sealing.open(identity.sealedKey, for: .federationKey)
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        // BoringSSL ends a chain at a self-signed CA only. A peer that was given an intermediate and no root is verified
        // by the chain check, after the handshake and before anything is sent.
        let roots = peer.trust.serverCAs.certificates
        let isPartial = roots.hasIntermediateWithoutRoot
        tls.certificateVerification = isPartial ? .none : .fullVerification
        tls.trustRoots = .certificates(
            try roots.map { try NIOSSLCertificate(bytes: $0.der, format: .der) })
        tls.certificateChain = [.certificate(try NIOSSLCertificate(bytes: identity.certificate.der, format: .der))]
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key.reveal(), format: .pem))
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: connectDeadline, read: .seconds(5)), decompression: .disabled)
        configuration.httpVersion = .http1Only
        // A refused connection is a result for the operator; callers that want to retry do so themselves.
        configuration.connectionPool.retryConnectionEstablishment = false
        // NIOSSL accepts a certificate for the dialed address under every name that resolves to it. The peer must have
        // the name of its row (RFC 9525), so this is checked again before anything is sent.
        let host = peer.endpoint.host
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.makeCompletedFuture {
                try check(channel, isNamed: host, anchors: isPartial ? roots : [])
            }
        }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}

extension [Certificate] {
    /// One of these CAs was issued by another one that is not among them.
    fileprivate var hasIntermediateWithoutRoot: Bool {
        contains { authority in !contains { $0.subject == authority.issuer } }
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
