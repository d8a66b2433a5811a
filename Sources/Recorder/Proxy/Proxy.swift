import NIOCore
import NIOPosix
import Synchronization
import Vocabulary

/// Stands between agents and one server, writes down the OpAMP messages of both, and does to them what its rules say.
///
/// Each connection of an agent has a connection of its own to the server. TLS ends here and begins again, so the server sees the
/// certificate that the proxy shows and not the agent's.
package final class Proxy: Sendable {
    package let port: Int
    private let listener: NIOAsyncChannel<Arriving, Never>
    private let recorder: MessageRecorder
    private let upstream: Upstream

    private init(
        _ listener: NIOAsyncChannel<Arriving, Never>, recorder: MessageRecorder, upstream: Upstream
    ) {
        (self.listener, self.recorder, self.upstream) = (listener, recorder, upstream)
        port = listener.channel.localAddress?.port ?? 0
    }

    /// Listens, and serves nobody before `run`.
    ///
    /// - Throws: `RecorderFailure`, what NIO refuses in a key or a certificate.
    package static func listen(_ settings: ProxyConfiguration, recording: Recording) async throws -> Proxy {
        let tls = try ProxyTLS(settings)
        let recorder = MessageRecorder(recording, rules: settings.rules)
        let upstream = try Upstream(settings, tls: tls)
        do {
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: settings.host, port: settings.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try tls.addServerHandler(to: channel)
                        let connection = AgentConnection(recorder: recorder, upstream: upstream, on: channel)
                        return Arriving(channel: channel, future: try AgentPipeline.add(to: channel, connection))
                    }
                }
            let proxy = Proxy(listener, recorder: recorder, upstream: upstream)
            recording.write(
                .members([
                    "schema": .string(Recording.schema),
                    "listen": .string("\(settings.host):\(proxy.port)"),
                    "server": .string("\(settings.server)"),
                    "rules": .array(settings.rules.map { .string($0.text) }),
                ]))
            return proxy
        } catch {
            await upstream.close()
            throw Self.failure(error, settings)
        }
    }

    private static func failure(_ error: any Error, _ settings: ProxyConfiguration) -> any Error {
        let address = "\(settings.host):\(settings.port)"
        guard let system = error as? IOError else {
            return error is SocketAddressError ? RecorderFailure.addressNotBound(address, why: "\(error)") : error
        }
        return system.errnoCode == EADDRINUSE
            ? RecorderFailure.addressInUse(address) : .addressNotBound(address, why: system.description)
    }

    /// Serves until the surrounding task is cancelled; then every connection ends. To be called once.
    package func run() async throws {
        // Not cancelled itself, so that every connection that was accepted is also ended.
        let serving = Task { try await serve() }
        let result = await withTaskCancellationHandler {
            await serving.result
        } onCancel: {
            listener.channel.close(promise: nil)
        }
        await upstream.close()
        try result.get()
    }

    private func serve() async throws {
        try await listener.executeThenClose { arrivals in
            try await withThrowingDiscardingTaskGroup { group in
                for try await arriving in arrivals { group.addTask { await arriving.serve() } }
                group.cancelAll()
            }
        }
    }

    /// Rules that count begin again.
    package func follow(_ rules: [Rule]) { recorder.follow(rules) }
}

/// A connection that was accepted, before its first request.
private struct Arriving: Sendable {
    let channel: any Channel
    let future: EventLoopFuture<Arrival>

    func serve() async {
        // An agent that gives up within its handshake has no arrival.
        let arrival = await withTaskCancellationHandler {
            try? await future.get()
        } onCancel: {
            channel.close(promise: nil)
        }
        switch arrival {
        case .webSocket(let connection, let channel, let server):
            await WebSocketRelay(connection: connection).run(agent: channel, server: server)
        case .http(let connection, let channel): await PollRelay(connection: connection).run(channel)
        case nil: break
        }
    }
}
