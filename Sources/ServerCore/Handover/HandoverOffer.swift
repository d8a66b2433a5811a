public import Certificates
public import HandoverToken
public import OpAMPProto
import Vocabulary

/// The connection settings that send an agent to another server (protocol section 3).
public enum HandoverOffer {
    /// On a WebSocket an absent interval would switch heartbeats off, so that every offer names one. Over HTTP it leaves
    /// the polling interval as the host has it, which knows better than a constant of ours.
    public static func heartbeatSeconds(overWebSocket: Bool) -> UInt64 { overWebSocket ? 30 : 0 }

    /// - Parameters:
    ///   - token: the text form, signed over `claims`.
    ///   - leaf: the agent's leaf; repeated without a key, so that the agent keeps the one it holds.
    /// - Throws: `WireFailure` when the offer cannot be encoded, as it is too large.
    public static func make(
        _ claims: HandoverClaims,
        token: String,
        leaf: Certificate,
        certificate: OfferedCertificate
    ) throws(WireFailure) -> ConnectionSettingsOffers {
        var settings = OpAMPConnectionSettings()
        settings.destinationEndpoint = claims.target.endpoint.description
        settings.headers = Headers(
            headers: claims.target.headers.map { Header(key: $0.name, value: $0.value.revealText()) }
                + [Header(key: MoveHeader.handoverToken, value: token)])
        settings.heartbeatIntervalSeconds = heartbeatSeconds(overWebSocket: claims.target.endpoint.isWebSocket)
        settings.tls = TLSConnectionSettings(caPEMContents: claims.target.serverCAs.pem)
        switch certificate {
        case .repeat: settings.certificate = TLSCertificate(cert: Array(leaf.pem.utf8))
        case .omit: break
        }
        var offers = ConnectionSettingsOffers()
        offers.opamp = settings
        offers.hash = Digest.sha256(try offers.encoded())
        return offers
    }
}
