package import HandoverToken
import Vocabulary

extension PeerRecord {
    /// The row after a trust statement whose signature one of the recorded signers made; `nil` when it says nothing
    /// new. A lower version is ignored, so that an old statement brings no retired authority back.
    ///
    /// - Throws: `FederationRefusal.otherPeer` when the statement is another peer's.
    package func refreshed(by statement: TrustStatement) throws(FederationRefusal) -> PeerRecord? {
        guard statement.issuer == id else { throw .otherPeer(statement.issuer, expected: id) }
        guard statement.version > trust.version else { return nil }
        var peer = self
        peer.trust = PeerTrust(
            serverCAs: statement.serverCAs, agentCAs: statement.agentCAs, tokenSigners: statement.tokenSigners,
            version: statement.version)
        peer.opampEndpoint = statement.opampEndpoint
        return peer
    }
}
