package import Certificates
package import HandoverToken
package import OpAMPProto
package import Vocabulary

// The connection settings that this server offers: each with its hash, by which agent and servers speak of it.
extension ConnectionSettingsOffers {
    /// Sends an agent to another server (protocol section 3).
    ///
    /// - Parameters:
    ///   - token: the text form, signed over `claims`.
    ///   - leaf: the agent's leaf; repeated without a key, so that the agent keeps the one it holds.
    /// - Throws: `WireFailure` when the offer cannot be encoded, as it is too large.
    package static func handover(
        _ claims: HandoverClaims, token: String, leaf: Certificate, certificate: OfferedCertificate
    ) throws(WireFailure) -> ConnectionSettingsOffers {
        let endpoint = claims.target.endpoint
        var settings = OpAMPConnectionSettings(over: endpoint.isWebSocket ? .webSocket : .polling)
        settings.destinationEndpoint = endpoint.description
        settings.headers = Headers(
            headers: claims.target.headers.map { Header(key: $0.name, value: $0.value.revealText()) }
                + [Header(key: MoveHeader.handoverToken, value: token)])
        settings.tls = TLSConnectionSettings(caPEMContents: claims.target.serverCAs.pem)
        switch certificate {
        case .repeat: settings.certificate = TLSCertificate(cert: Array(leaf.pem.utf8))
        case .omit: break
        }
        return try hashed(settings)
    }

    /// A leaf over the key that the agent holds.
    package static func leaf(
        _ leaf: Certificate, over transport: AgentTransport
    ) throws(WireFailure) -> ConnectionSettingsOffers {
        var settings = OpAMPConnectionSettings(over: transport)
        settings.certificate = TLSCertificate(cert: Array(leaf.pem.utf8))
        return try hashed(settings)
    }

    /// The CAs above this server's listener, now and after the rotation, as settings that the agent proves like any
    /// others.
    ///
    /// - Parameter epoch: makes it another offer after every handover, since an agent remembers the verdict on an old
    ///   one and no longer has what it brought.
    package static func trust(
        _ authorities: CertificateBundle, leaf: Certificate, epoch: Epoch, over transport: AgentTransport
    ) throws(WireFailure) -> ConnectionSettingsOffers {
        var settings = OpAMPConnectionSettings(over: transport)
        settings.tls = TLSConnectionSettings(caPEMContents: authorities.pem)
        settings.certificate = TLSCertificate(cert: Array(leaf.pem.utf8))
        return try hashed(settings, with: Array("\(epoch)".utf8))
    }

    private static func hashed(
        _ settings: OpAMPConnectionSettings, with more: [UInt8] = []
    ) throws(WireFailure) -> ConnectionSettingsOffers {
        var offers = ConnectionSettingsOffers()
        offers.opamp = settings
        offers.hash = Digest.sha256(try offers.encoded() + more)
        return offers
    }
}

extension OpAMPConnectionSettings {
    /// On a WebSocket an absent interval would disable heartbeats, so every offer names one. Over HTTP an absent
    /// interval keeps the host's configured polling interval.
    fileprivate init(over transport: AgentTransport) {
        self.init()
        heartbeatIntervalSeconds = transport == .webSocket ? 30 : 0
    }
}
