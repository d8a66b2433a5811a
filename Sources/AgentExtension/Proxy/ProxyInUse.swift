import AgentCore
import Vocabulary

/// The proxy of a connection and who named it.
struct ProxyInUse: Hashable, Sendable {
    enum Source: String, Hashable, Sendable {
        case host, offer
    }

    let settings: ProxySettings
    let source: Source

    /// - Returns: `nil` where the server is reached without a proxy.
    init?(of settings: ConnectionSettings, on host: HostProxy) {
        if let offered = settings.proxy {
            self.init(settings: offered, source: .offer)
        } else if let own = host.proxy(for: settings.endpoint) {
            self.init(settings: own, source: .host)
        } else {
            return nil
        }
    }

    private init(settings: ProxySettings, source: Source) {
        self.settings = settings
        self.source = source
    }

    /// Without any header.
    var json: JSON { .members(["url": .string(settings.url), "source": .string(source.rawValue)]) }

    var text: String {
        switch source {
        case .host: settings.url
        case .offer: "\(settings.url), offered by a server"
        }
    }
}
