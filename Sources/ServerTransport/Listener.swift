package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle
import Vocabulary

/// The server's listener for HTTPS and WebSockets.
///
/// It binds exactly the address it is given, and stops gracefully with its service group: requests in progress are
/// answered, WebSockets are closed with 1001, and after `ListenerLimits.leavingWait` whatever is left is cut off.
package struct Listener<Responder: HTTPResponder>: Service where Responder.Context == CallerContext {
    /// An IP address or a host name that resolves to one.
    private let host: String
    /// 0 lets the kernel choose; `boundPort` tells what it chose.
    private let port: Int
    private let identity: ListenerIdentity
    private let limits: ListenerLimits
    private let responder: Responder
    private let route: WebSocketRoute
    private let direct: DirectRoute
    private let logger: Logger
    package let boundPort = BoundPort()

    package init(
        host: String, port: Int, identity: ListenerIdentity, limits: ListenerLimits = ListenerLimits(),
        responder: Responder, route: WebSocketRoute, direct: DirectRoute, logger: Logger
    ) {
        self.host = host
        self.port = port
        self.identity = identity
        self.limits = limits
        self.responder = responder
        self.route = route
        self.direct = direct
        self.logger = logger
    }

    /// - Throws: `BindFailure`.
    package func run() async throws {
        let connections = limits.connectionsThatFit()
        if connections < limits.connections {
            logger.notice("the limit of open files allows \(connections) connections at once")
        }
        let application = Application(
            responder: responder,
            server: HTTPServerBuilder { [identity, limits, route, direct] respond in
                ListenerChannel(
                    identity: identity, limits: limits, route: route, direct: direct, responder: respond)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                serverName: nil,
                backlog: 1024,
                reuseAddress: true,
                availableConnectionsDelegate: MaximumAvailableConnections(connections, logger: logger)
            ),
            onServerRunning: { [boundPort] channel in
                boundPort.resolve(channel.localAddress?.port)
            },
            logger: logger
        )
        defer { boundPort.resolve(nil) }
        do {
            try await application.run()
        } catch {
            guard !boundPort.isKnown, !(error is CancellationError) else { throw error }
            throw BindFailure(error, host: host, port: port)
        }
    }
}
