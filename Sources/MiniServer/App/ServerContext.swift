import Certificates
import Logging
import ServerCore
import ServerStorage
import ServerTransport
import Vocabulary

/// What every part of the server shares.
struct ServerContext: Sendable {
    /// This server's name as it appears in tokens.
    let name: String
    let address: PublicAddress
    let database: ServerDatabase
    let authority: Authority
    let listener: ListenerIdentity
    let listenerSource: ListenerCertificateSource
    let agents: ConnectedAgents
    let log: Logger
    let calls: PeerCallLog
    let metrics = Metrics()
    let listenerTrouble = ListenerTrouble()
    var timing = HandoverTiming()
    var now: @Sendable () -> Timestamp = { .now }

    /// The OpAMP endpoint in both transports.
    var ownEndpoints: Set<Endpoint> {
        guard let endpoint = try? address.opampEndpoint else { return [] }
        return [endpoint, endpoint.over(webSocket: false)]
    }
}

extension Endpoint {
    /// The same endpoint on the other transport.
    func over(webSocket: Bool) -> Endpoint {
        guard webSocket != isWebSocket else { return self }
        let scheme: Scheme = webSocket ? (isTLS ? .wss : .ws) : (isTLS ? .https : .http)
        let text = "\(scheme.rawValue)\(description.dropFirst(self.scheme.rawValue.count))"
        return (try? Endpoint(text)) ?? self
    }
}

extension Error {
    /// One line for the log.
    var explained: String {
        (self as? any OperatorExplainable)?.operatorMessage.description ?? "\(self)"
    }
}
