package import Vocabulary

/// What one peer calls at another, under `/api/federation/`, with certificate and secret.
package enum FederationRoutes {
    package static let ping = Route<NoContent, PeerIdentity>(.get, "/api/federation/ping")
    package static let trustBundle = Route<NoContent, TrustBundle>(
        .get, "/api/federation/trust-bundle", query: [.signers])
    package static let announceTrust = Route<TrustBundle, TrustReceipt>(.post, "/api/federation/trust-bundle")
    package static let agents = Route<NoContent, Page<AgentSummary>>(
        .get, "/api/federation/agents", query: [.query, .group, .presence, .limit, .cursor])
    package static let agent = Route<NoContent, AgentDetail>(.get, "/api/federation/agents/{id}")
    package static let redeem = Route<RedemptionRequest, HandoverStatus>(.post, "/api/federation/handovers/{id}/redeem")
    package static let notices = Route<NoticeBatch, NoticeReceipt>(.post, "/api/federation/handovers/{id}/notices")
    package static let handover = Route<NoContent, HandoverStatus>(.get, "/api/federation/handovers/{id}")
    package static let handovers = Route<NoContent, Page<HandoverStatus>>(
        .get, "/api/federation/handovers", query: [.agent])

    package static let all: [RouteDescription] = routes.map(\.description)
    package static var schemas: [[String: JSON]] { routes.map(\.schemas) }

    private static let routes: [any DescribedRoute] = [
        ping, trustBundle, announceTrust, agents, agent, redeem, notices, handover, handovers,
    ]
}
