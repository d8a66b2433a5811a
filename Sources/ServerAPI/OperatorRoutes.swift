package import Vocabulary

/// What operators and their programs call, under `/api/`.
package enum OperatorRoutes {
    package static let serverInfo = Route<NoContent, ServerInfo>(.get, "/api/server")

    package static let agents = Route<NoContent, Page<AgentSummary>>(
        .get, "/api/agents", query: [.query, .peer, .group, .presence, .limit, .cursor])
    package static let agent = Route<NoContent, AgentDetail>(.get, "/api/agents/{id}")
    package static let assignAgent = Route<Assignment, AgentSummary>(.put, "/api/agents/{id}/assignment")
    package static let revokeLeaf = Route<NoContent, AgentSummary>(.post, "/api/agents/{id}/revoke-leaf")

    package static let groups = Route<NoContent, Page<Group>>(.get, "/api/groups", query: [.limit, .cursor])
    package static let saveGroup = Route<GroupSettings, Group>(.put, "/api/groups/{name}")
    package static let deleteGroup = Route<NoContent, NoContent>(.delete, "/api/groups/{name}")
    package static let configurations = Route<NoContent, Page<Configuration>>(
        .get, "/api/configurations", query: [.limit, .cursor])
    package static let configuration = Route<NoContent, Configuration>(.get, "/api/configurations/{name}")
    package static let saveConfiguration = Route<ConfigurationText, Configuration>(.put, "/api/configurations/{name}")
    package static let deleteConfiguration = Route<NoContent, NoContent>(.delete, "/api/configurations/{name}")

    package static let bootstrapTokens = Route<NoContent, Page<BootstrapTokenSummary>>(
        .get, "/api/bootstrap-tokens", query: [.limit, .cursor])
    package static let createBootstrapToken = Route<BootstrapTokenRequest, CreatedSecret>(
        .post, "/api/bootstrap-tokens")
    package static let revokeBootstrapToken = Route<NoContent, NoContent>(.delete, "/api/bootstrap-tokens/{id}")
    package static let operatorTokens = Route<NoContent, Page<OperatorTokenSummary>>(
        .get, "/api/operator-tokens", query: [.limit, .cursor])
    package static let createOperatorToken = Route<OperatorTokenRequest, CreatedSecret>(.post, "/api/operator-tokens")
    package static let revokeOperatorToken = Route<NoContent, NoContent>(.delete, "/api/operator-tokens/{id}")

    package static let signingKeys = Route<NoContent, Page<SigningKeySummary>>(.get, "/api/authority/keys")
    package static let draftSigningKey = Route<NoContent, SigningKeySummary>(.post, "/api/authority/keys")
    package static let activateSigningKey = Route<NoContent, SigningKeySummary>(
        .post, "/api/authority/keys/{fingerprint}/activate")
    package static let retireSigningKey = Route<NoContent, SigningKeySummary>(
        .post, "/api/authority/keys/{fingerprint}/retire")
    package static let discardSigningKey = Route<NoContent, SigningKeySummary>(
        .post, "/api/authority/keys/{fingerprint}/discard")
    package static let federationCertificates = Route<NoContent, Page<FederationCertificate>>(
        .get, "/api/federation-certificates")
    package static let issueFederationCertificate = Route<FederationCertificateRequest, FederationCertificate>(
        .post, "/api/federation-certificates")

    package static let peers = Route<NoContent, Page<PeerSummary>>(.get, "/api/peers", query: [.limit, .cursor])
    package static let inspectPeerPaste = Route<PeerPasteText, PeerPasteFacts>(.post, "/api/peers/inspect")
    package static let createPeer = Route<PeerCreation, PeerSummary>(.post, "/api/peers")
    package static let peer = Route<NoContent, PeerSummary>(.get, "/api/peers/{name}")
    package static let updatePeer = Route<PeerUpdate, PeerSummary>(.put, "/api/peers/{name}")
    package static let deletePeer = Route<NoContent, NoContent>(.delete, "/api/peers/{name}", query: [.dropMessages])
    package static let generatePeerSecret = Route<PeerSecretRequest, CreatedSecret>(
        .post, "/api/peers/{name}/secrets/generate")
    package static let savePeerSecret = Route<PeerSecretText, PeerSummary>(.put, "/api/peers/{name}/secrets")
    package static let pingPeer = Route<NoContent, PingResult>(.post, "/api/peers/{name}/ping")
    package static let refreshPeer = Route<NoContent, PeerSummary>(.post, "/api/peers/{name}/refresh")
    package static let peerAgents = Route<NoContent, Page<AgentSummary>>(
        .get, "/api/peers/{name}/agents", query: [.query, .limit, .cursor])
    package static let peerAgent = Route<NoContent, AgentDetail>(.get, "/api/peers/{name}/agents/{id}")

    package static let handovers = Route<NoContent, Page<HandoverSummary>>(
        .get, "/api/handovers", query: [.agent, .peer, .open, .limit, .cursor])
    package static let handover = Route<NoContent, HandoverDetail>(.get, "/api/handovers/{id}")
    package static let issueHandover = Route<HandoverIssue, IssuedHandover>(.post, "/api/handovers")
    package static let previewHandover = Route<TokenText, HandoverPreview>(.post, "/api/handovers/preview")
    package static let redeemHandover = Route<HandoverRedemption, HandoverSummary>(.post, "/api/handovers/redeem")
    package static let pushHandover = Route<NoContent, HandoverSummary>(.post, "/api/handovers/{id}/push")
    package static let cancelHandover = Route<HandoverCancellation, HandoverSummary>(
        .post, "/api/handovers/{id}/cancel")

    package static let auditEvents = Route<NoContent, Page<AuditEvent>>(
        .get, "/api/audit/events", query: [.agent, .action, .handover, .limit, .cursor])
    package static let verifyAudit = Route<NoContent, AuditVerdict>(.post, "/api/audit/verify")
    package static let pruneAudit = Route<AuditPruning, AuditPruned>(.post, "/api/audit/prune")

    package static let all: [RouteDescription] = routes.map(\.description)
    package static var schemas: [[String: JSON]] { routes.map(\.schemas) }

    private static let routes: [any DescribedRoute] = [
        serverInfo, agents, agent, assignAgent, revokeLeaf, groups, saveGroup, deleteGroup, configurations,
        configuration, saveConfiguration, deleteConfiguration, bootstrapTokens, createBootstrapToken,
        revokeBootstrapToken, operatorTokens, createOperatorToken, revokeOperatorToken, signingKeys, draftSigningKey,
        activateSigningKey, retireSigningKey, discardSigningKey, federationCertificates, issueFederationCertificate,
        peers, inspectPeerPaste, createPeer, peer, updatePeer, deletePeer, generatePeerSecret, savePeerSecret, pingPeer,
        refreshPeer, peerAgents, peerAgent, handovers, handover, issueHandover, previewHandover, redeemHandover,
        pushHandover, cancelHandover, auditEvents, verifyAudit, pruneAudit,
    ]
}
