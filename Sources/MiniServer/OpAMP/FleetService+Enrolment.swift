import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import ServerStorage
import ServerTransport
import Vocabulary

// Enrollment: takes a bootstrap token and a signing request, and answers with a leaf and the trusted signers.
extension FleetService {
    func enrol(_ report: AgentReport, _ session: AgentSession) async throws -> OpAMPAnswer {
        guard report.message.connectionSettingsRequest != nil else { return .nothing }
        let token = try await bootstrapToken(session.request, at: report.at)
        let row: AgentRecord
        if let agent = token.usedBy {
            row = try await issuedBefore(to: agent, report)
        } else {
            row = try await grant(token, report, session)
        }
        guard let leaf = row.leaf else { throw FleetRefusal.bootstrapUsed }
        // Another agent has the uid that it reported.
        let isRenamed = row.instanceUID.bytes != report.message.instanceUID
        return OpAMPAnswer(
            ServerToAgent(
                connectionSettings: try .leaf(leaf, over: session.transport),
                agentIdentification: isRenamed ? AgentIdentification(newInstanceUID: row.instanceUID.bytes) : nil,
                customMessage: CustomMessage(
                    capability: MoveMessage.capability, type: MoveMessage.trustType,
                    data: server.authority.signingKeys.published.flatMap { Array($0.pem.utf8) })))
    }

    private func grant(_ token: BootstrapToken, _ report: AgentReport, _ session: AgentSession) async throws
        -> AgentRecord
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
                .grant(
                    newRow: id, freshUID: InstanceUID(version7At: report.at, random: RandomBytes.generate(10)),
                    at: report.at)
            // A handover is bound to the leaf that its token names, and its row waits for that one.
            let open =
                try tables.sources.open(agent: grant.row.id).first(where: \.machine.phase.isUnderWay)?.machine.id
                ?? tables.targets.open(agent: grant.row.id).first?.machine.id
            if let open { throw FleetRefusal.handoverUnderWay(open) }
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
                    "reportedInstanceUid": report.message.instanceUID == row.instanceUID.bytes
                        ? nil : .string(InstanceUID(bytes: report.message.instanceUID)?.description ?? ""),
                    "bootstrapToken": .string(Credential.id(of: token.digest)),
                ]))
            var context = AuditContext.agent(session)
            context.actor = "agent:\(row.id)"
            try tables.audit.append(fact, context: context, at: report.at)
            return row
        }
    }

    /// The leaf that this key got with this token, when the answer was lost.
    private func issuedBefore(to agent: AgentID, _ report: AgentReport) async throws -> AgentRecord {
        let csr = report.message.connectionSettingsRequest?.opamp?.certificateRequest?.csr ?? []
        guard let row = try server.database.look({ try $0.agents.find(agent) }),
            let request = try? SigningRequest(pem: String(decoding: csr, as: UTF8.self)),
            request.publicKey == row.leaf?.publicKey
        else { throw FleetRefusal.bootstrapUsed }
        return row
    }
}
