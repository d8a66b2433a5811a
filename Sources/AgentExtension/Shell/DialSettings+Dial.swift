import AgentCore
import Certificates
import ClientTransport
import Vocabulary

extension DialSettings {
    /// - Parameters:
    ///   - key: of this host. A leaf over a key that a server has made brings that with it.
    ///   - host: for settings that name no proxy of their own.
    init(_ dial: Dial, key: PrivateKey?, proxy host: HostProxy) {
        let settings = dial.settings
        // The agent's own headers take the place of configured ones of the same name.
        let extraNames = Set(dial.extraHeaders.map { $0.name.lowercased() })
        let own = settings.headers.filter { !extraNames.contains($0.name.lowercased()) }
        var identity: ClientIdentity?
        if let leaf = settings.leaf, let key = leaf.offeredKey.flatMap({ try? PrivateKey(clientPEM: $0) }) ?? key {
            identity = ClientIdentity(chain: leaf.certificates, key: key)
        }
        self.init(
            endpoint: settings.endpoint, headers: own + dial.extraHeaders,
            anchors: settings.trust.anchors.certificates, includeSystemRoots: settings.trust.includesSystemRoots,
            identity: identity, minimumTLS: settings.tls.minimum, maximumTLS: settings.tls.maximum,
            cipherSuites: settings.tls.cipherSuites, skipVerify: settings.skipsVerification,
            proxy: ProxyInUse(of: settings, on: host)?.settings, proxyTLS: host.tls)
    }
}
