import AgentCore
import Certificates
import DurableFiles
import HandoverToken
import OpAMPProto
import Vocabulary

/// The part of the file that says where the server is and how it is reached. The collector's opamp extension writes it
/// under `server.ws` or `server.http`, its supervisor under `server`, and `tls` and `headers` may stand at the top.
struct ServerConfiguration {
    let server: ServerSettings
    let key: PrivateKey?
    let certificateFiles: CertificateFiles?

    private static let lineKeys = ["endpoint", "tls", "headers", "heartbeat_interval", "polling_interval"]

    init(_ file: ConfigurationSection) throws(ConfigurationRefusal) {
        guard let server = try file.section("server", keys: ["ws", "http"] + Self.lineKeys) else {
            throw .missing("server")
        }
        var places: [ConfigurationSection] = [server]
        if let line = try server.section("ws", keys: Self.lineKeys) { places.append(line) }
        if let line = try server.section("http", keys: Self.lineKeys) { places.append(line) }
        let named = places.filter { $0.contains("endpoint") }
        guard let place = named.first else { throw .missing("server.endpoint") }
        if let other = named.dropFirst().first {
            throw .conflict(other.name("endpoint"), with: place.name("endpoint"), line: other.line(of: "endpoint"))
        }
        let endpoint = try Self.endpoint(in: place)

        let holders = places + [file]
        let tls = try Self.only("tls", in: holders)
        let trust = try TLSConfiguration(tls, keys: TLSConfiguration.serverKeys)
        var settings = ConnectionSettings(endpoint: endpoint, trust: trust.trust, leaf: trust.leaf)
        settings.tls = trust.bounds
        settings.skipsVerification = trust.skipsVerification
        if let holder = try Self.only("headers", in: holders) { settings.headers = try holder.headers("headers") }
        settings.heartbeat = try Self.interval(in: places, isPolling: !endpoint.isWebSocket) ?? settings.heartbeat
        self.server = ServerSettings(settings: settings)
        key = trust.key
        certificateFiles = trust.files
    }

    private static func endpoint(in place: ConfigurationSection) throws(ConfigurationRefusal) -> Endpoint {
        guard let text = try place.text("endpoint") else { throw .missing(place.name("endpoint")) }
        let endpoint: Endpoint
        do {
            endpoint = try Endpoint(text.content)
        } catch {
            throw .badValue(place.name("endpoint"), line: text.line, reason: error.reason)
        }
        let fits = [("server.ws", true), ("server.http", false)].first { $0.0 == place.path }?.1
        guard fits == nil || fits == endpoint.isWebSocket else {
            throw .badValue(
                place.name("endpoint"), line: text.line,
                reason: "the scheme \(endpoint.scheme.rawValue) belongs to the other transport")
        }
        return endpoint
    }

    /// What the two transports call the time between two messages. On HTTP both names are known: the collector's supervisor
    /// uses the second one.
    private static func interval(
        in places: [ConfigurationSection], isPolling: Bool
    ) throws(ConfigurationRefusal) -> Duration? {
        let polling = try only("polling_interval", in: places)
        let heartbeat = try only("heartbeat_interval", in: places)
        if let polling, let heartbeat {
            throw .conflict(
                heartbeat.name("heartbeat_interval"), with: polling.name("polling_interval"),
                line: heartbeat.line(of: "heartbeat_interval"))
        }
        if let polling, !isPolling {
            throw .badValue(
                polling.name("polling_interval"), line: polling.line(of: "polling_interval"),
                reason: "an agent polls over HTTP only; for a WebSocket it is heartbeat_interval")
        }
        let range = Duration.seconds(1)...Duration.seconds(86_400)
        if let polling { return try polling.duration("polling_interval", in: range) }
        return try heartbeat?.duration("heartbeat_interval", in: range)
    }

    /// The one place that has the key.
    private static func only(
        _ key: String, in places: [ConfigurationSection]
    ) throws(ConfigurationRefusal) -> ConfigurationSection? {
        let having = places.filter { $0.contains(key) }
        if let other = having.dropFirst().first, let first = having.first {
            throw .conflict(other.name(key), with: first.name(key), line: other.line(of: key))
        }
        return having.first
    }
}
