package import NIOCore
package import NIOHTTP1

/// The one path of this listener where a WebSocket may begin, and who decides whether it does.
package struct WebSocketRoute: Sendable {
    /// What became of a request to upgrade.
    package enum Decision: Sendable {
        /// The closure adds the handlers that take the channel over, on its event loop; they receive and send
        /// what `WebSocketMessages` passes.
        case accept(@Sendable (any Channel) throws -> Void)
        case refuse(ProblemResponse)
    }

    package let path: String
    /// Asked once for each upgrade that is well formed, on the event loop of its connection; may take its time.
    package let decide: @Sendable (HTTPRequestHead, Caller, any EventLoop) -> EventLoopFuture<Decision>

    package init(
        path: String, decide: @escaping @Sendable (HTTPRequestHead, Caller, any EventLoop) -> EventLoopFuture<Decision>
    ) {
        (self.path, self.decide) = (path, decide)
    }

    /// Whether a request asks to become a WebSocket here.
    func matches(_ head: HTTPRequestHead) -> Bool {
        head.method == .GET && head.uri.prefix { $0 != "?" } == path
            && head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
            && head.headers["content-length"].allSatisfy { $0 == "0" }
            && !head.headers.contains(name: "transfer-encoding")
    }
}

/// Lets an upgrade request reach the upgrade handler only when the route is meant.
///
/// Any other request loses its `Upgrade` header, which a server may ignore (RFC 9110 section 7.8): the upgrade
/// handler keeps no request it once looked at as an upgrade, and this one is for the router.
final class UpgradeFilter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let route: WebSocketRoute
    private let decision: NIOLoopBoundBox<WebSocketRoute.Decision?>

    init(route: WebSocketRoute, decision: NIOLoopBoundBox<WebSocketRoute.Decision?>) {
        self.route = route
        self.decision = decision
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = Self.unwrapInboundIn(data), head.headers.contains(name: "upgrade") else {
            context.fireChannelRead(data)
            return
        }
        if route.matches(head) {
            // Stands until the upgrade handler finds key and version in order and asks for a decision.
            decision.value = .refuse(ListenerRefusal.badUpgrade.problem)
        } else {
            head.headers.remove(name: "upgrade")
        }
        context.fireChannelRead(Self.wrapInboundOut(.head(head)))
    }
}
