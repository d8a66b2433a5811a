import NIOCore
import NIOPosix
import Synchronization

/// A load balancer that passes TCP connections on and does not look into them: TLS ends at the server.
final class Balancer: Sendable {
    private typealias Bytes = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private struct State {
        var server: Int?
        var connections = 0
    }

    let port: Int
    private let listener: NIOAsyncChannel<Bytes, Never>
    private let state = Mutex(State())

    private init(_ listener: NIOAsyncChannel<Bytes, Never>) {
        self.listener = listener
        port = listener.channel.localAddress?.port ?? 0
    }

    /// On a port of 127.0.0.1 that the kernel chooses.
    static func start() async throws -> Balancer {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in wrapped(channel) }
        let balancer = Balancer(listener)
        Task { try await balancer.serve() }
        return balancer
    }

    private func serve() async throws {
        try await listener.executeThenClose { arrivals in
            try await withThrowingDiscardingTaskGroup { group in
                for try await arrival in arrivals { group.addTask { await self.pass(arrival) } }
                group.cancelAll()
            }
        }
    }

    /// The server behind it, by its port; before there is one, connections end at once.
    func lead(to port: Int) { state.withLock { $0.server = port } }

    /// Connections that it has passed on.
    var connections: Int { state.withLock { $0.connections } }

    /// Ends every connection too.
    func stop() { listener.channel.close(promise: nil) }

    private static func wrapped(_ channel: any Channel) -> EventLoopFuture<Bytes> {
        channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
    }

    /// The end of one side is the end of the other.
    private func pass(_ client: Bytes) async {
        try? await client.executeThenClose { fromClient, toClient in
            guard let port = state.withLock({ $0.server }) else { return }
            let server = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port) { Self.wrapped($0) }
            state.withLock { $0.connections += 1 }
            try await server.executeThenClose { fromServer, toServer in
                await withTaskGroup { group in
                    group.addTask { try? await Self.pump(fromClient, toServer) }
                    group.addTask { try? await Self.pump(fromServer, toClient) }
                    await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    private static func pump(
        _ from: NIOAsyncChannelInboundStream<ByteBuffer>, _ to: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        for try await bytes in from { try await to.write(bytes) }
    }
}
