import HTTPTypes
import HandoverToken
import OpAMPProto
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import Vocabulary

extension OperatorInterface {
    var handoverRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.handovers, .readHandovers) { try await listHandovers($0) },
            OperatorRoute(OperatorRoutes.handover, .readHandovers) { call in
                let id = try call.handoverID()
                return try server.database.look { try HandoverView(tables: $0).detail(id) }
            },
            OperatorRoute(OperatorRoutes.issueHandover, .issueHandovers) { try await issue($0, $1) },
            OperatorRoute(OperatorRoutes.previewHandover, .redeemHandovers) { try await preview($0, $1) },
            OperatorRoute(OperatorRoutes.redeemHandover, .redeemHandovers) { try await redeem($0, $1) },
            OperatorRoute(OperatorRoutes.pushHandover, .issueHandovers) { call in
                let id = try call.handoverID()
                try await handovers.push(id, by: call.audit)
                return try await summary(of: id)
            },
            OperatorRoute(OperatorRoutes.cancelHandover, .endHandovers) { call, wanted in
                let id = try call.handoverID()
                try await handovers.cancel(
                    id, reason: wanted.reason?.printable(upTo: HandoverNotice.longestFact), by: call.audit)
                return try await summary(of: id)
            },
        ]
    }

    private func summary(of id: HandoverID) async throws -> HandoverSummary {
        try server.database.look { try HandoverView(tables: $0).detail(id).summary }
    }

    private func listHandovers(_ call: OperatorCall) async throws -> Page<HandoverSummary> {
        let request = call.request
        let (agent, peer) = (request.query(.agent), request.query(.peer))
        let scope = agent.map { HandoverView.Scope.agent(AgentID($0), leaf: Fingerprint($0)) } ?? .everybody
        let onlyOpen = request.query(.open) == "true"
        let (cursor, limit) = (request.query(.cursor), request.pageLimit)
        return try await server.database.read { tables in
            let view = HandoverView(tables: tables)
            let peerID = try peer.flatMap { try tables.peers.find(name: $0)?.id }
            if agent == nil, peer == nil || peerID != nil {
                return try view.page(after: cursor, onlyOpen: onlyOpen, peer: peerID, limit: limit)
            }
            let found = try view.summaries(of: scope, onlyOpen: onlyOpen).filter { peer == nil || $0.peer == peer }
            return Page(of: found, after: cursor, limit: limit, descending: true) { "\($0.issuedAt) \($0.id)" }
        }
    }

    private func issue(_ call: OperatorCall, _ wanted: ServerAPI.HandoverIssue) async throws -> IssuedHandover {
        var issue = HandoverService.Issue(agent: try RemoteAgentID.localOnly(wanted.agent), peerName: wanted.peer)
        issue.timeToLive = try call.seconds(wanted.ttlSeconds, named: "ttlSeconds") ?? issue.timeToLive
        issue.probation = try call.seconds(wanted.probationSeconds, named: "probationSeconds") ?? issue.probation
        issue.laterThan = try call.epoch(wanted.laterThan, named: "laterThan") ?? issue.laterThan
        issue.certificate = wanted.certificate.map(OfferedCertificate.init) ?? issue.certificate
        let issued = try await handovers.issue(issue, by: call.audit)
        let summary = try server.database.look { try HandoverView(tables: $0).summary(issued.handover) }
        return IssuedHandover(handover: summary, token: issued.token, warnings: issued.warnings)
    }

    private func preview(_ call: OperatorCall, _ wanted: TokenText) async throws -> HandoverPreview {
        let preview = try await handovers.preview(wanted.token, by: call.audit)
        return HandoverPreview(preview)
    }

    private func redeem(_ call: OperatorCall, _ wanted: HandoverRedemption) async throws -> HandoverSummary {
        let choice = RedemptionReview.Choice(
            group: wanted.group, configuration: wanted.configuration,
            withoutConfiguration: wanted.withoutConfiguration ?? false)
        let row = try await handovers.redeem(wanted.token, choice: choice, by: call.audit)
        return try server.database.look { try HandoverView(tables: $0).summary(row) }
    }
}

extension HandoverPreview {
    fileprivate init(_ preview: HandoverService.Preview) {
        let (claims, review) = (preview.token.claims, preview.review)
        let agent = claims.agent
        let problems = preview.problems.map {
            ServerAPI.Problem($0.operatorMessage, status: ProblemResponse($0).status.code)
        }
        self.init(
            handover: claims.id, source: review.peer.name, sourcePeerID: claims.issuer, sourceAgent: agent.row,
            displayName: agent.displayName, instanceUID: agent.instanceUID, fingerprint: claims.leaf,
            capabilities: AgentCapabilities(rawValue: agent.capabilities).names,
            endpoint: claims.target.endpoint.description, issuedAt: claims.issuedAt, expiresAt: claims.expiresAt,
            epoch: claims.epoch, purpose: claims.purpose.rawValue, sourceGroup: agent.group,
            sourceConfiguration: agent.configuration,
            group: agent.group.flatMap { review.groups.contains($0) ? $0 : nil },
            configuration: agent.configuration.flatMap { review.configurations.contains($0) ? $0 : nil },
            returnsTo: review.returningRow?.id, problems: problems)
    }
}
