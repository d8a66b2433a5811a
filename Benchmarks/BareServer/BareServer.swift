import ArgumentParser
import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// The least a server of this kind can do: the listener's TLS, WebSocket or POST, one synced commit for the first
/// message of a connection, and every message sent back. What the product costs is compared with this.
@main struct BareServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bare-server")

    @Option(help: "PEM of the certificate to show.") var certificate: String
    @Option(help: "PEM of its key.") var key: String
    @Option(help: "The database to commit to.") var database: String

    func run() async throws {
        let context = try NIOSSLContext(configuration: try tlsConfiguration)
        let store = try MessageStore(path: database)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try BarePipeline.add(to: channel, context: context, store: store)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        // Not `print`, whose line would stay in a buffer.
        FileHandle.standardOutput.write(Data("listening on \(channel.localAddress?.port ?? 0)\n".utf8))
        try await channel.closeFuture.get()
    }

    /// As the product's listener has it.
    private var tlsConfiguration: TLSConfiguration {
        get throws {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            configuration.certificateVerification = .optionalVerification
            configuration.trustRoots = .certificates([])
            configuration.sendCANameList = false
            configuration.renegotiationSupport = .none
            configuration.shutdownTimeout = .seconds(2)
            return configuration
        }
    }
}
