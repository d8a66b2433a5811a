import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import ServerStorage
import Vocabulary

// First contact: a bootstrap token and a signing request in, a leaf and the signers to trust out.
extension FleetService {
    func enrol(_ report: AgentReport, _ session: AgentSession) async throws -> OpAMPAnswer {
        guard report.message.connectionSettingsRequest != nil else { return .nothing }
        let token = try await bootstrapToken(session.request, at: report.at)
        let leaf: Certificate
        if let agent = token.usedBy {
            leaf = try await issuedBefore(to: agent, report)
        } else {
            leaf = try await grant(token, report, session)
        }
        let offer = try offer(of: leaf, over: session.transport)
        return OpAMPAnswer(
            ServerToAgent(
                connectionSettings: offer,
                customMessage: CustomMessage(
                    capability: MoveMessage.capability, type: MoveMessage.trustType,
                    data: server.authority.signingKeys.published.flatMap { Array($0.pem.utf8) })))
    }

    private func grant(_ token: BootstrapToken, _ report: AgentReport, _ session: AgentSession) async throws
        -> Certificate
    {
        try await server.database.write { [server] tables in
            // Read again inside the transaction: two agents may hold the same token.
            guard let token = try tables.bootstrapTokens.find(digest: token.digest) else {
                throw FleetRefusal.bootstrapUnknown
            }
            let sameUID =
                try InstanceUID(bytes: report.message.instanceUID).map(tables.agents.agents(withInstanceUID:)) ?? []
            var enrolling = report.message
            enrolling.agentDescription = report.state.description
            enrolling.capabilities = report.state.capabilities
            let id = AgentID(version7At: report.at, random: RandomBytes.generate(10))
            let grant = try Enrolment(token: token, report: enrolling, sameUID: sameUID)
                .grant(newRow: id, at: report.at)
            let leaf = try server.authority.issueLeaf(grant.order)
            var row = grant.row
            row.enrols(with: leaf)
            row.configuration = try row.group.flatMap { try tables.groups.find($0)?.configuration }
            try tables.agents.save(row)
            try tables.bootstrapTokens.save(grant.token)
            let fact = AuditFact(
                .agentEnrolled, entityType: "agent", entityID: row.id.description,
                before: grant.row.fingerprint?.description, after: row.displayName,
                additional: .members([
                    "fingerprint": .string(leaf.fingerprint.description),
                    "instanceUid": .string(row.instanceUID.description),
                    "bootstrapToken": .string(Credential.id(of: token.digest)),
                ]))
            var context = AuditContext.agent(session)
            context.actor = "agent:\(row.id)"
            try tables.audit.append(fact, context: context, at: report.at)
            return leaf
        }
    }

    /// A new leaf for an agent that is already here, when it asks for one; the one that was issued before, when the
    /// agent has not come with it since and asks over the same key: that answer was lost.
    func renewal(for report: AgentReport, _ session: AgentSession) async throws -> ConnectionSettingsOffers? {
        guard session.standing == .member, let asked = report.message.connectionSettingsRequest,
            let presented = session.request.caller.leaf
        else { return nil }
        let (leaf, end) = try await server.database.write { [server] tables -> (Certificate?, Timestamp?) in
            guard var row = try tables.agents.find(session.agent), row.presence.isHere,
                row.honours(presented.fingerprint, at: report.at),
                // The target awaits the very leaf that its token names.
                try !tables.sources.open(agent: row.id).contains(where: \.machine.phase.isUnderWay)
            else { return (nil, nil) }
            let order = try LeafOrder(asked, row: row.id, at: report.at)
            if let issued = row.leaf, issued != presented, issued.publicKey == order.publicKey {
                return (issued, row.previousLeafUntil)
            }
            let leaf = try server.authority.issueLeaf(order)
            row.renew(leaf, over: presented.fingerprint, at: report.at)
            try tables.agents.save(row)
            let fact = AuditFact(
                .leafRenewed, entityType: "agent", entityID: row.id.description,
                before: presented.fingerprint.description, after: leaf.fingerprint.description)
            try tables.audit.append(fact, context: .agent(session), at: report.at)
            return (leaf, row.previousLeafUntil)
        }
        guard let leaf else { return nil }
        renewed(in: session, until: end)
        return try offer(of: leaf, over: session.transport)
    }

    /// The agent says that it could not do with the leaf that was issued to it.
    func isRefusal(
        _ status: ConnectionSettingsStatus?, ofLeafFor row: AgentRecord, in session: AgentSession
    ) throws -> Bool {
        guard let status, status.status == .failed, let leaf = row.leaf else { return false }
        return try offer(of: leaf, over: session.transport).hash == status.lastConnectionSettingsHash
    }

    /// The leaf that this very key got with this very token, when the answer was lost on the way.
    private func issuedBefore(to agent: AgentID, _ report: AgentReport) async throws -> Certificate {
        let csr = report.message.connectionSettingsRequest?.opamp?.certificateRequest?.csr ?? []
        guard let leaf = try await server.database.read({ try $0.agents.find(agent)?.leaf }),
            let request = try? SigningRequest(pem: String(decoding: csr, as: UTF8.self)),
            request.publicKey == leaf.publicKey
        else { throw FleetRefusal.bootstrapUsed }
        return leaf
    }

    private func offer(of leaf: Certificate, over transport: ConnectionRequest.Transport) throws
        -> ConnectionSettingsOffers
    {
        var settings = OpAMPConnectionSettings()
        settings.heartbeatIntervalSeconds = HandoverOffer.heartbeatSeconds(overWebSocket: transport == .webSocket)
        settings.certificate = TLSCertificate(cert: Array(leaf.pem.utf8))
        var offers = ConnectionSettingsOffers()
        offers.opamp = settings
        offers.hash = Digest.sha256(try offers.encoded())
        return offers
    }
}

extension SourceHandover.Phase {
    /// Between the claim and the arrival.
    fileprivate var isUnderWay: Bool {
        switch self {
        case .redeemed, .offered, .leaving: true
        case .issued, .moved, .settled, .expired, .cancelled, .returned: false
        }
    }
}
