import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Vocabulary

/// The way to the server.
struct Upstream: Sendable {
    enum Upgrade: Sendable {
        case accepted(Arrival.Frames, HTTPResponseHead)
        case refused(HTTPAnswer)
    }

    private enum Reply: Sendable {
        case frames(Arrival.Frames, HTTPResponseHead)
        case answer(NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>)
    }

    private let server: Endpoint
    private let tls: ProxyTLS
    private let http: HTTPClient

    init(_ settings: ProxyConfiguration, tls: ProxyTLS) throws {
        (server, self.tls) = (settings.server, tls)
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls.dialing, redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Has to be called before the last reference goes away.
    func close() async { try? await http.shutdown() }

    // MARK: Requests

    func exchange(_ head: HTTPRequestHead, _ body: [UInt8]) async throws(RecorderFailure) -> HTTPAnswer {
        var request = HTTPClientRequest(url: "\(server.isTLS ? "https" : "http")://\(server.origin)\(head.uri)")
        request.method = head.method
        request.headers = head.headers.passedOn
        if !body.isEmpty || head.method == .POST { request.body = .bytes(body) }
        do {
            let response = try await http.execute(request, deadline: .distantFuture)
            let body = try await response.body.collect(upTo: MessageRecord.mostBytes)
            return HTTPAnswer(
                status: response.status, headers: response.headers, body: Array(body.readableBytesView))
        } catch {
            throw unreachable(error)
        }
    }

    // MARK: WebSockets

    /// Asks the server for what an agent has asked.
    func upgrade(_ head: HTTPRequestHead) async throws(RecorderFailure) -> Upgrade {
        do {
            let reply = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(10))
                .connect(host: server.host, port: Int(server.port)) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try tls.addClientHandler(to: channel)
                        return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
                            configuration: pipeline(asking: head))
                    }
                }
            switch try await reply.get() {
            case .frames(let frames, let head): return .accepted(frames, head)
            case .answer(let channel): return .refused(try await Self.answer(on: channel))
            }
        } catch {
            throw unreachable(error)
        }
    }

    private func pipeline(asking head: HTTPRequestHead) -> NIOUpgradableHTTPClientPipelineConfiguration<Reply> {
        var headers = head.headers.passedOnWithUpgrade
        headers.add(name: "host", value: server.origin)
        let upgrader = NIOTypedWebSocketClientUpgrader<Reply>(
            maxFrameSize: MessageRecord.mostBytes + 10,
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture { .frames(try WholeMessages.wrap(channel), head) }
            })
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: HTTPRequestHead(
                    version: .http1_1, method: .GET, uri: head.uri, headers: headers),
                upgraders: [upgrader],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeCompletedFuture {
                        .answer(try NIOAsyncChannel(wrappingChannelSynchronously: channel))
                    }
                }))
        // What the server sends right behind its consent.
        configuration.leftOverBytesStrategy = .forwardBytes
        return configuration
    }

    private static func answer(
        on channel: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
    ) async throws -> HTTPAnswer {
        try await channel.executeThenClose { inbound, _ in
            var answer = HTTPAnswer(status: .badGateway)
            for try await part in inbound {
                switch part {
                case .head(let head): (answer.status, answer.headers) = (head.status, head.headers)
                case .body(let body): answer.body += Array(body.readableBytesView)
                case .end: return answer
                }
            }
            return answer
        }
    }

    // MARK: Failures

    private func unreachable(_ error: any Error) -> RecorderFailure {
        let why =
            switch error {
            case ChannelError.inappropriateOperationForState: "it ended the connection before it answered"
            default: "\(error)"
            }
        return .serverUnreachable("\(server)", why: why)
    }
}
