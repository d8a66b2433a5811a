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
        let trust = try TLSConfiguration(tls)
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

/// `tls` of the file, by the names of the collector's client TLS settings.
private struct TLSConfiguration {
    var trust = ServerTrust(anchors: CertificateBundle([]), includesSystemRoots: true)
    var leaf: LeafChain?
    var key: PrivateKey?
    var files: CertificateFiles?
    var bounds = TLSBounds()
    var skipsVerification = false

    init(_ holder: ConfigurationSection?) throws(ConfigurationRefusal) {
        guard
            let section = try holder?.section(
                "tls",
                keys: [
                    "ca_file", "cert_file", "key_file", "key_passphrase_file", "min_version", "max_version",
                    "cipher_suites",
                    "insecure_skip_verify", "include_system_ca_certs_pool",
                ])
        else { return }
        let isNamed = section.contains("ca_file")
        trust.anchors = try section.bundle("ca_file") ?? trust.anchors
        // As the collector does: a CA file replaces the system's pool unless both are asked for.
        trust.includesSystemRoots = try section.bool("include_system_ca_certs_pool") ?? !isNamed
        leaf = try section.bundle("cert_file", besideKey: true).map {
            LeafChain(leaf: $0.certificates[0], intermediates: Array($0.certificates.dropFirst()))
        }
        key = try section.privateKey("key_file", passphrase: try section.passphrase("key_passphrase_file"))
        guard (leaf == nil) == (key == nil) else {
            throw .missing(section.name(leaf == nil ? "cert_file" : "key_file"))
        }
        if let leaf, let key, leaf.leaf.publicKey != key.publicKey {
            throw .badValue(
                section.name("key_file"), line: section.line(of: "key_file"),
                reason: "the key does not belong to the certificate in cert_file")
        }
        if let certificate = try section.text("cert_file"), let key = try section.text("key_file") {
            files = CertificateFiles(
                certificate: certificate.content, key: key.content,
                passphrase: try section.text("key_passphrase_file")?.content)
        }
        let read = { (text: String) in TLSVersion(rawValue: text) }
        bounds.minimum = try section.value("min_version", expected: "\"1.2\" or \"1.3\"", read) ?? bounds.minimum
        bounds.maximum = try section.value("max_version", expected: "\"1.2\" or \"1.3\"", read) ?? bounds.maximum
        guard bounds.minimum <= bounds.maximum else {
            throw .badValue(
                section.name("max_version"), line: section.line(of: "max_version"), reason: "it is below min_version")
        }
        bounds.cipherSuites = try section.texts("cipher_suites")?.map(\.content) ?? []
        skipsVerification = try section.bool("insecure_skip_verify") ?? false
    }
}
