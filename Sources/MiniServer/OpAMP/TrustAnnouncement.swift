import Certificates
import HandoverToken
import Logging
import OpAMPProto
import ServerCore
import ServerStorage
import Vocabulary

/// What agents are told when this server's CA keys have changed since they enrolled: whose signatures to accept, and
/// whom to expect at the other end of their dial. They learn both from a draft already, before anything depends on it.
struct TrustAnnouncement {
    let server: ServerContext

    /// For every agent that is connected. Nobody waits for the others: who misses it is told at its next report.
    func tellEverybody() async {
        let message = await signers()
        for session in server.agents.sessions where session.standing != .enrolling {
            guard let row = try? await server.database.read({ try $0.agents.find(session.agent) }) else { continue }
            let news = ServerToAgent(connectionSettings: await offer(to: row, in: session), customMessage: message)
            _ = await server.agents.send(news, to: session.agent)
        }
    }

    /// For an agent that has just connected.
    ///
    /// - Parameter verdict: what it says of the last offer it got; an offer that has its verdict is not made again.
    func content(
        for row: AgentRecord, in session: AgentSession, after verdict: ConnectionSettingsStatus?
    ) async -> ServerToAgent {
        let offer = await offer(to: row, in: session)
        let isKnown = offer != nil && offer?.hash == verdict?.lastConnectionSettingsHash
        return ServerToAgent(connectionSettings: isKnown ? nil : offer, customMessage: await signers())
    }

    /// The signers, signed by one that the agent holds; `nil` while there has only ever been one key, which every agent
    /// knows from its enrolment or its handover. It goes before a handover's offer: the token of that is signed by the
    /// Active key.
    func signers() async -> CustomMessage? {
        guard hasRotated else { return nil }
        do {
            let text = try server.authority.sign(try await server.trustStatement())
            return CustomMessage(
                capability: MoveMessage.capability, type: MoveMessage.statementType, data: Array(text.utf8))
        } catch {
            server.log.error("agents not told of the CA keys", metadata: ["reason": "\(error.explained)"])
            return nil
        }
    }

    private var hasRotated: Bool { server.authority.signingKeys.keys.count > 1 }

    /// The CAs above the listener, now and after the rotation, as settings that the agent proves like any others.
    ///
    /// Nothing is offered beside a handover: one offer at a time, and the settings of a target are its own. Nor when
    /// the listener's certificate comes from elsewhere, because then our keys do not matter to whoever dials.
    private func offer(to row: AgentRecord, in session: AgentSession) async -> ConnectionSettingsOffers? {
        guard hasRotated, session.standing == .member, row.presence.isHere, row.acceptsConnectionSettings,
            let leaf = session.request.caller.leaf, let endpoint = try? server.address.opampEndpoint,
            server.authority.vouches(for: server.listener.chain, at: endpoint.host, at: server.now())
        else { return nil }
        let isBusy = try? await server.database.read { tables in
            try !tables.sources.pending(agent: row.id).isEmpty || !tables.targets.open(agent: row.id).isEmpty
        }
        guard isBusy == false else { return nil }
        // Whatever state each is in, so that activating a draft offers nothing new.
        let authorities = server.authority.signingKeys.published.sorted {
            $0.fingerprint.description < $1.fingerprint.description
        }
        return try? .renewing(
            trust: CertificateBundle(authorities), of: leaf, epoch: row.epoch, over: session.transport)
    }
}

extension ConnectionSettingsOffers {
    /// - Parameter epoch: makes it another offer after every handover, since an agent remembers the verdict on an old
    ///   one and no longer has what it brought.
    fileprivate static func renewing(
        trust: CertificateBundle, of leaf: Certificate, epoch: Epoch, over transport: ConnectionRequest.Transport
    ) throws(WireFailure) -> ConnectionSettingsOffers {
        var settings = OpAMPConnectionSettings()
        settings.heartbeatIntervalSeconds = HandoverOffer.heartbeatSeconds(overWebSocket: transport == .webSocket)
        settings.tls = TLSConnectionSettings(caPEMContents: trust.pem)
        settings.certificate = TLSCertificate(cert: Array(leaf.pem.utf8))
        var offers = ConnectionSettingsOffers()
        offers.opamp = settings
        offers.hash = Digest.sha256(try offers.encoded() + Array("\(epoch)".utf8))
        return offers
    }
}
