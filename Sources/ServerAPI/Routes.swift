/// One method and path of the HTTP interface; the server registers the template, a caller fills it.
package struct Route: Hashable, Sendable {
    package enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    package let method: Method
    /// A path with placeholders in braces, for example `/api/agents/{id}`.
    package let template: String

    package init(method: Method, template: String) {
        self.method = method
        self.template = template
    }

    /// The path with its placeholders replaced in order. What stands in no path as it is, is percent-encoded: a value
    /// that is no name is for the server to refuse by name.
    package func path(_ values: String...) -> String {
        var remaining = values[...]
        let segments = template.split(separator: "/", omittingEmptySubsequences: false).map { segment in
            segment.hasPrefix("{") ? remaining.popFirst().map(Self.encoded) ?? String(segment) : String(segment)
        }
        precondition(remaining.isEmpty && !segments.contains { $0.hasPrefix("{") }, "\(template) filled with \(values)")
        return segments.joined(separator: "/")
    }

    /// RFC 3986 section 2.1; `:` stands in identifiers and is allowed in a segment (section 3.3).
    private static func encoded(_ value: String) -> String {
        value.utf8.map { byte in
            isUnreserved(byte) ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~:".utf8.contains(byte)
        }
    }
}

/// What operators and their programs call, under `/api/`.
package enum OperatorRoutes {
    package static let serverInfo = Route(method: .get, template: "/api/server")

    package static let agents = Route(method: .get, template: "/api/agents")
    package static let agent = Route(method: .get, template: "/api/agents/{id}")
    package static let assignAgent = Route(method: .put, template: "/api/agents/{id}/assignment")
    package static let revokeLeaf = Route(method: .post, template: "/api/agents/{id}/revoke-leaf")

    package static let groups = Route(method: .get, template: "/api/groups")
    package static let saveGroup = Route(method: .put, template: "/api/groups/{name}")
    package static let deleteGroup = Route(method: .delete, template: "/api/groups/{name}")
    package static let configurations = Route(method: .get, template: "/api/configurations")
    package static let configuration = Route(method: .get, template: "/api/configurations/{name}")
    package static let saveConfiguration = Route(method: .put, template: "/api/configurations/{name}")
    package static let deleteConfiguration = Route(method: .delete, template: "/api/configurations/{name}")

    package static let bootstrapTokens = Route(method: .get, template: "/api/bootstrap-tokens")
    package static let createBootstrapToken = Route(method: .post, template: "/api/bootstrap-tokens")
    package static let revokeBootstrapToken = Route(method: .delete, template: "/api/bootstrap-tokens/{id}")
    package static let operatorTokens = Route(method: .get, template: "/api/operator-tokens")
    package static let createOperatorToken = Route(method: .post, template: "/api/operator-tokens")
    package static let revokeOperatorToken = Route(method: .delete, template: "/api/operator-tokens/{id}")

    package static let signingKeys = Route(method: .get, template: "/api/authority/keys")
    package static let draftSigningKey = Route(method: .post, template: "/api/authority/keys")
    package static let activateSigningKey = Route(method: .post, template: "/api/authority/keys/{fingerprint}/activate")
    package static let retireSigningKey = Route(method: .post, template: "/api/authority/keys/{fingerprint}/retire")
    package static let discardSigningKey = Route(method: .post, template: "/api/authority/keys/{fingerprint}/discard")
    package static let federationCertificates = Route(method: .get, template: "/api/federation-certificates")
    package static let issueFederationCertificate = Route(method: .post, template: "/api/federation-certificates")

    package static let peers = Route(method: .get, template: "/api/peers")
    package static let inspectPeerPaste = Route(method: .post, template: "/api/peers/inspect")
    package static let createPeer = Route(method: .post, template: "/api/peers")
    package static let peer = Route(method: .get, template: "/api/peers/{name}")
    package static let updatePeer = Route(method: .put, template: "/api/peers/{name}")
    package static let deletePeer = Route(method: .delete, template: "/api/peers/{name}")
    package static let generatePeerSecret = Route(method: .post, template: "/api/peers/{name}/secrets/generate")
    package static let savePeerSecret = Route(method: .put, template: "/api/peers/{name}/secrets")
    package static let pingPeer = Route(method: .post, template: "/api/peers/{name}/ping")
    package static let refreshPeer = Route(method: .post, template: "/api/peers/{name}/refresh")
    package static let peerAgents = Route(method: .get, template: "/api/peers/{name}/agents")
    package static let peerAgent = Route(method: .get, template: "/api/peers/{name}/agents/{id}")

    package static let handovers = Route(method: .get, template: "/api/handovers")
    package static let handover = Route(method: .get, template: "/api/handovers/{id}")
    package static let issueHandover = Route(method: .post, template: "/api/handovers")
    package static let previewHandover = Route(method: .post, template: "/api/handovers/preview")
    package static let redeemHandover = Route(method: .post, template: "/api/handovers/redeem")
    package static let pushHandover = Route(method: .post, template: "/api/handovers/{id}/push")
    package static let cancelHandover = Route(method: .post, template: "/api/handovers/{id}/cancel")

    package static let auditEvents = Route(method: .get, template: "/api/audit/events")
    package static let verifyAudit = Route(method: .post, template: "/api/audit/verify")
    package static let pruneAudit = Route(method: .post, template: "/api/audit/prune")

    package static let all: [Route] = [
        serverInfo, agents, agent, assignAgent, revokeLeaf, groups, saveGroup, deleteGroup, configurations,
        configuration, saveConfiguration, deleteConfiguration, bootstrapTokens, createBootstrapToken,
        revokeBootstrapToken, operatorTokens, createOperatorToken, revokeOperatorToken, signingKeys, draftSigningKey,
        activateSigningKey, retireSigningKey, discardSigningKey, federationCertificates, issueFederationCertificate,
        peers,
        inspectPeerPaste, createPeer, peer, updatePeer, deletePeer, generatePeerSecret, savePeerSecret, pingPeer,
        refreshPeer, peerAgents, peerAgent, handovers, handover, issueHandover, previewHandover, redeemHandover,
        pushHandover, cancelHandover, auditEvents, verifyAudit, pruneAudit,
    ]
}

/// What one peer calls at another, under `/api/federation/`, with certificate and secret.
package enum FederationRoutes {
    package static let ping = Route(method: .get, template: "/api/federation/ping")
    package static let trustBundle = Route(method: .get, template: "/api/federation/trust-bundle")
    package static let announceTrust = Route(method: .post, template: "/api/federation/trust-bundle")
    package static let agents = Route(method: .get, template: "/api/federation/agents")
    package static let agent = Route(method: .get, template: "/api/federation/agents/{id}")
    package static let redeem = Route(method: .post, template: "/api/federation/handovers/{id}/redeem")
    package static let notices = Route(method: .post, template: "/api/federation/handovers/{id}/notices")
    package static let handover = Route(method: .get, template: "/api/federation/handovers/{id}")
    package static let handovers = Route(method: .get, template: "/api/federation/handovers")

    package static let all: [Route] = [
        ping, trustBundle, announceTrust, agents, agent, redeem, notices, handover, handovers,
    ]
}

/// Paths that need no credential.
package enum PublicPaths {
    package static let opamp = "/v1/opamp"
    package static let trustBundle = "/pki/trust-bundle.pem"
    package static let live = "/health/live"
    package static let ready = "/health/ready"
    package static let metrics = "/metrics"
    /// The OpenAPI document.
    package static let description = "/api/openapi.json"
}
