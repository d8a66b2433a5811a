import Certificates
import NIOCore
import NIOSSL
import Vocabulary

/// The two ends of TLS, made once.
struct ProxyTLS: Sendable {
    private let listener: NIOSSLContext?
    /// For the server; absent where it is reached by plain TCP.
    let dialing: TLSConfiguration?
    private let dialer: NIOSSLContext?
    /// An IP address is no name to ask for.
    private let serverName: String?

    init(_ settings: ProxyConfiguration) throws {
        listener = try settings.identity.map { identity in
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try identity.sources, privateKey: try identity.nioKey)
            configuration.applicationProtocols = ["http/1.1"]
            configuration.certificateVerification = .optionalVerification
            configuration.trustRoots = .certificates([])
            configuration.sendCANameList = false
            configuration.shutdownTimeout = .seconds(1)
            return try NIOSSLContext(configuration: configuration)
        }
        dialing = try settings.server.isTLS ? Self.dialing(settings) : nil
        dialer = try dialing.map { try NIOSSLContext(configuration: $0) }
        let isAddress = (try? SocketAddress(ipAddress: settings.server.host, port: 0)) != nil
        serverName = isAddress ? nil : settings.server.host
    }

    private static func dialing(_ settings: ProxyConfiguration) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = .seconds(1)
        if let authorities = settings.serverAuthorities {
            configuration.trustRoots = .certificates(
                try authorities.map { try NIOSSLCertificate(bytes: $0.der, format: .der) })
        }
        if let identity = settings.clientIdentity {
            configuration.certificateChain = try identity.sources
            configuration.privateKey = try identity.nioKey
        }
        return configuration
    }

    /// Accepts every certificate of an agent: the handshake proves that it has the key, and the recording says whose it is.
    func addServerHandler(to channel: any Channel) throws {
        guard let listener else { return }
        try channel.pipeline.syncOperations.addHandler(
            NIOSSLServerHandler(context: listener) { _, verdict in verdict.succeed(.certificateVerified) })
    }

    func addClientHandler(to channel: any Channel) throws {
        guard let dialer else { return }
        try channel.pipeline.syncOperations.addHandler(
            NIOSSLClientHandler(context: dialer, serverHostname: serverName))
    }
}

extension ProxyConfiguration.Identity {
    fileprivate var sources: [NIOSSLCertificateSource] {
        get throws { try chain.map { .certificate(try NIOSSLCertificate(bytes: $0.der, format: .der)) } }
    }

    fileprivate var nioKey: NIOSSLPrivateKeySource {
        get throws { .privateKey(try NIOSSLPrivateKey(bytes: key.pem.reveal(), format: .pem)) }
    }
}
