import AgentCore
import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import Vocabulary

// The CA keys of a server, and whom it tells of them.
extension Server {
    /// Own CAs that are honoured, the Active one first.
    var authorities: [Certificate] { tables.keys.honoured }

    private func authority(of certificate: Certificate?) -> Places.Authority {
        certificate.flatMap { issuers[$0.fingerprint] } ?? place.authority
    }

    /// Whether this is a CA of its own, whatever has become of it.
    func hasMade(_ authority: Certificate) -> Bool {
        authority == place.authority.certificate || issuers[authority.fingerprint] != nil
    }

    /// What signs leaves and tokens.
    var active: Places.Authority { authority(of: tables.keys.active?.certificate) }

    private var longestKnown: Places.Authority {
        authority(of: tables.keys.longestKnown(at: wall, until: wall) ?? tables.keys.active?.certificate)
    }

    /// What signs the certificate that the listener shows.
    var listenerAuthority: Places.Authority {
        tables.keys.longestKnown(at: wall, until: wall + .seconds(30 * 86_400)).map(authority) ?? active
    }

    func isTrusted(by settings: ConnectionSettings) -> Bool {
        settings.trust.anchors.certificates.contains(listenerAuthority.certificate)
    }

    func issue(_ order: LeafOrder) -> Certificate? {
        try? active.issuer.issue(
            order.profile, subject: order.subject, publicKey: order.publicKey, serial: [1] + world.dice.bytes(8),
            validity: Validity(
                notBefore: max(order.validity.notBefore, active.certificate.notBefore),
                notAfter: order.validity.notAfter))
    }

    // MARK: Rotation

    func draftKey() {
        guard isUp, tables.keys.keys.count < 4, !tables.keys.keys.contains(where: { $0.state == .draft }),
            let authority = try? place.authority(tables.keys.keys.count, at: wall),
            let keys = try? tables.keys.drafting(authority.certificate, at: wall)
        else { return }
        issuers[authority.certificate.fingerprint] = authority
        change(keys, "drafts a CA key")
    }

    func activateKey() {
        guard isUp, let draft = tables.keys.keys.first(where: { $0.state == .draft })?.certificate,
            let keys = try? tables.keys.activating(draft.fingerprint, at: wall)
        else { return }
        change(keys, "activates its CA key")
    }

    func retireKey() {
        guard isUp, let old = tables.keys.keys.first(where: { $0.state == .trusted })?.certificate else { return }
        let leaves = tables.rows.filter { $0.presence.isHere && !$0.leafRevoked }.compactMap(\.leaf)
        let remaining = tables.keys.published(without: old.fingerprint)
        let dependents = sessions.filter { $0.hasSpoken && !knows($0, oneOf: remaining) }.count
        do throws(AuthorityRefusal) {
            change(
                try tables.keys.retiring(old.fingerprint, leaves: leaves, dependents: dependents, at: wall),
                "retires a CA key")
            world.checkRetirement(at: self)
        } catch {
            world.note("\(place.name) does not retire a CA key: \(error.operatorMessage.code)")
            world.tally.count("retirements refused")
        }
    }

    private func knows(_ session: Session, oneOf authorities: [Certificate]) -> Bool {
        var facts = facts(of: session)
        facts.news = news
        let arrival = session.proof.handover.flatMap { tables.find($0, TargetHandover.self) }
        return facts.trusts(oneOf: authorities, after: arrival, at: wall)
    }

    private func change(_ keys: SigningKeys, _ story: String) {
        guard (try? crashPoint()) != nil else { return }
        var next = tables
        next.keys = keys
        next.trustVersion += 1
        tables = next
        world.note("\(place.name) \(story)")
        world.tally.count("\(story) at a server")
        guard (try? crashPoint()) != nil else { return }
        announceLater()
        for session in sessions where session.hasSpoken && facts(of: session).standing(at: wall) == .over {
            end(session, .dismissed("no longer trusted"))
        }
        tellEverybody()
    }

    // MARK: News for agents

    /// `nil` while there has only ever been one key.
    var news: TrustChange? {
        guard tables.keys.keys.count > 1 else { return nil }
        // Fingerprints differ from process to process; the order must not.
        let published = tables.keys.published.sorted { $0.notBefore < $1.notBefore }
        return TrustChange(
            authorities: CertificateBundle(published),
            statement: signedStatement().map {
                CustomMessage(
                    capability: MoveMessage.capability, type: MoveMessage.statementType, data: Array($0.utf8))
            })
    }

    /// By the key that most know.
    private func signedStatement(by authority: Places.Authority? = nil) -> String? {
        let published = tables.keys.published
        do {
            return try (authority ?? longestKnown).issuer.sign(
                TrustStatement(
                    issuer: place.id, version: tables.trustVersion, serverCAs: try ServerCAs(published),
                    agentCAs: try AgentCAs(published), tokenSigners: try TokenSigners(published),
                    opampEndpoint: endpoint,
                    issuedAt: wall))
        } catch {
            world.fail(.T10, "\(place.name) cannot say whom to trust: \(error)")
            return nil
        }
    }

    private func tellEverybody() {
        guard let news else { return }
        for session in sessions where session.hasSpoken {
            var facts = facts(of: session)
            facts.news = news
            let message = facts.announce(at: wall)
            session.memory = facts.memory
            guard let message else { continue }
            if let row = facts.row { tables.edit(row.id) { $0.offeredSettings = row.offeredSettings } }
            push(message, to: session)
        }
    }

    // MARK: News for peers

    /// Every five minutes, as long as somebody has yet to be told.
    func announceLater() {
        guard tables.trustVersion > 1, !isAnnouncing else { return }
        isAnnouncing = true
        later(world.dice.milliseconds(1...300_000)) {
            self.isAnnouncing = false
            self.announce()
        }
    }

    private func announce() {
        let version = tables.trustVersion
        for peer in world.servers where peer.index != index && told[peer.index] != version {
            let own = index
            let signers = [longestKnown, active]
            world.call(from: self, to: peer.index) {
                // To sign is what takes the time here.
                guard $0.tables.peers[own].version < version else { return true }
                return $0.learn(signers.lazy.compactMap(self.signedStatement), of: own)
            } answered: { answer in
                if answer == true { self.told[peer.index] = version }
                self.announceLater()
            }
        }
    }

    /// Whether a recorded signer has signed one of them.
    private func learn(_ statements: some Sequence<String>, of peer: Int) -> Bool? {
        guard (try? crashPoint()) != nil else { return nil }
        let record = record(of: peer)
        for text in statements {
            guard
                let statement = try? TrustStatement.verified(
                    text, signers: record.trust.tokenSigners, issuer: record.id, at: wall)
            else { continue }
            if let refreshed = try? record.refreshed(by: statement) { tables.peers[peer] = refreshed.trust }
            return true
        }
        return false
    }

    /// What is recorded of a peer here.
    func record(of peer: Int) -> PeerRecord {
        Places.shared.record(of: peer, trust: tables.peers[peer], at: world.servers[peer].endpoint)
    }
}
