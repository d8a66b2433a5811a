package import Certificates
import HandoverToken
package import Vocabulary

/// What an operator pasted from the other side: its federation certificate, followed by the CA that issued it and, where
/// they are others, the CAs above its listener.
package struct PeerPaste: Hashable, Sendable {
    package let certificate: Certificate
    /// Read from the certificate's `urn:opamp-handover:peer:` name.
    package let id: PeerID
    /// The CA certificates that verify it; an operator compares their fingerprints with the other side's.
    package let authorities: [Certificate]
    /// The other CA certificates: they may vouch for the peer's listener, and for nothing else.
    package let listenerAuthorities: [Certificate]
    package let trust: PeerTrust

    /// - Throws: `FederationRefusal` unless the text holds exactly one certificate that is not a CA's, first, and at
    ///   least one CA that verifies it now, and names a peer.
    package init(pem: String, at now: Timestamp) throws(FederationRefusal) {
        let bundle: CertificateBundle
        do { bundle = try CertificateBundle(pem: pem) } catch {
            throw .pasteUnreadable(error.operatorMessage.cause)
        }
        guard let first = bundle.certificates.first, !first.isCA else { throw .pasteWithoutCertificate }
        let others = bundle.certificates.dropFirst()
        guard others.allSatisfy(\.isCA) else { throw .pasteWithTwoCertificates }
        let verdicts = others.map {
            (authority: $0, problems: ChainCheck.problems(leaf: first, anchors: [$0], purpose: .client, at: now))
        }
        let verifying = verdicts.filter(\.problems.isEmpty).map(\.authority)
        if verifying.isEmpty {
            throw verdicts.isEmpty ? .pasteWithoutAuthority : .pasteNotVerified(verdicts.flatMap(\.problems))
        }
        let ids = first.uriNames.filter { $0.hasPrefix(HandoverURN.peerPrefix) }
            .map { PeerID(String($0.dropFirst(HandoverURN.peerPrefix.count))) }
        guard ids.count == 1, let id = ids[0] else { throw .pasteWithoutPeerID }
        certificate = first
        self.id = id
        authorities = verifying
        listenerAuthorities = others.filter { !verifying.contains($0) }
        do throws(TrustSetRefusal) {
            trust = PeerTrust(
                serverCAs: try ServerCAs(verifying + listenerAuthorities), agentCAs: try AgentCAs(verifying),
                tokenSigners: try TokenSigners(verifying))
        } catch {
            throw .pasteUnreadable(error.reason)
        }
    }

    /// A new row for this paste.
    ///
    /// - Throws: `FederationRefusal` when the name or the peer is taken, or the peer is this very server.
    package func newPeer(
        named name: String,
        endpoint: Endpoint,
        own: PeerID,
        existing: [PeerRecord]
    ) throws(FederationRefusal) -> PeerRecord {
        guard isValidName(name) else { throw .nameNotValid(name) }
        guard endpoint.scheme == .https else { throw .endpointNotHTTPS(endpoint.description) }
        if id == own { throw .peerIsThisServer }
        if let other = existing.first(where: { $0.id == id }) { throw .peerKnown(id, as: other.name) }
        if existing.contains(where: { $0.name == name }) { throw .nameTaken(name) }
        return PeerRecord(name: name, endpoint: endpoint, id: id, pin: PeerPin(certificate), trust: trust)
    }

    /// The row with the peer's renewed certificate; the present one stays valid until a day after the first use of it.
    ///
    /// The CA that issued it joins the three sets: if the peer replaced its CA unnoticed, this server can no longer
    /// verify the peer's statements, and only the pasted text can announce the new CA.
    ///
    /// - Throws: `FederationRefusal.otherPeer` when the certificate is another peer's.
    package func renewing(_ peer: PeerRecord) throws(FederationRefusal) -> PeerRecord {
        guard id == peer.id else { throw .otherPeer(id, expected: peer.id) }
        var peer = peer
        peer.pin.rotate(to: certificate)
        peer.trust.serverCAs = peer.trust.serverCAs.joined(by: trust.serverCAs)
        peer.trust.agentCAs = peer.trust.agentCAs.joined(by: trust.agentCAs)
        peer.trust.tokenSigners = peer.trust.tokenSigners.joined(by: trust.tokenSigners)
        return peer
    }
}

extension TrustSet {
    /// The newcomers first; what no longer fits goes.
    fileprivate func joined(by other: TrustSet) -> TrustSet {
        let all = CertificateBundle(other.certificates + certificates).certificates
        return isSuperset(of: other) ? self : (try? TrustSet(Array(all.prefix(Limits.bundleCertificates)))) ?? self
    }

    private func isSuperset(of other: TrustSet) -> Bool { Set(certificates).isSuperset(of: other.certificates) }
}
