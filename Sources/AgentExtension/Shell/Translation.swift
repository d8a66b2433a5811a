import AgentCore
import Certificates
import ClientTransport
import Vocabulary

// What the core says in the words of the transport, and back.

extension DialSettings {
    /// - Parameters:
    ///   - key: of the leaf, if the settings have one.
    ///   - extra: headers that take the place of the settings' own of the same name.
    init(_ dial: Dial, key: PrivateKey?) {
        let settings = dial.settings
        let extraNames = Set(dial.extraHeaders.map { $0.name.lowercased() })
        let own = settings.headers.filter { !extraNames.contains($0.name.lowercased()) }
        var identity: ClientIdentity?
        if let leaf = settings.leaf, let key {
            identity = ClientIdentity(chain: leaf.certificates.map(\.der), key: key.pem)
        }
        self.init(
            endpoint: settings.endpoint, headers: (own + dial.extraHeaders).map(HTTPHeader.init),
            anchors: settings.trust.anchors.certificates.map(\.der),
            includeSystemRoots: settings.trust.includesSystemRoots, identity: identity,
            minimumTLS: .init(settings.tls.minimum), maximumTLS: .init(settings.tls.maximum),
            cipherSuites: settings.tls.cipherSuites, skipVerify: settings.skipsVerification,
            proxy: settings.proxy.map {
                Proxy(host: $0.host, port: $0.port, connectHeaders: $0.connectHeaders.map(HTTPHeader.init))
            })
    }
}

extension HTTPHeader {
    init(_ field: HeaderField) { self.init(field.name, field.value.revealText()) }
}

extension ClientTransport.TLSVersion {
    init(_ version: AgentCore.TLSVersion) {
        switch version {
        case .tls12: self = .v1_2
        case .tls13: self = .v1_3
        }
    }
}

extension LineFailure {
    init(_ failure: DialFailure) {
        // The server's own word says more than its status.
        let word = failure.handoverCause.map { " (\($0))" } ?? ""
        self.init(
            cause: failure.cause, detail: failure.detail + word, retryAfter: failure.retryAfter,
            closedWithoutStatus: failure.closedBeforeAnswer)
    }
}

extension SendFailure {
    init(_ refusal: SendRefusal) {
        switch refusal {
        case .tooLarge: self = .tooLarge
        case .notOpen, .queueFull: self = .lineUnusable
        }
    }
}
