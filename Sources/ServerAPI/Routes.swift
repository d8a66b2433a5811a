/// One method and path of the HTTP interface; the server registers the template, a caller fills it.
public struct Route: Hashable, Sendable {
    public enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    public let method: Method
    /// A path with placeholders in braces, for example `/api/agents/{id}`.
    public let template: String

    public init(method: Method, template: String) {
        self.method = method
        self.template = template
    }

    /// The path with its placeholders replaced in order. What stands in no path as it is, is percent-encoded: a value
    /// that is no name is for the server to refuse by name.
    public func path(_ values: String...) -> String {
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
public enum OperatorRoutes {
    public static let serverInfo = Route(method: .get, template: "/api/server")

    public static let agents = Route(method: .get, template: "/api/agents")
    public static let agent = Route(method: .get, template: "/api/agents/{id}")
    public static let assignAgent = Route(method: .put, template: "/api/agents/{id}/assignment")
    public static let revokeLeaf = Route(method: .post, template: "/api/agents/{id}/revoke-leaf")

    public static let groups = Route(method: .get, template: "/api/groups")
    public static let saveGroup = Route(method: .put, template: "/api/groups/{name}")
    public static let deleteGroup = Route(method: .delete, template: "/api/groups/{name}")
    public static let configurations = Route(method: .get, template: "/api/configurations")
    public static let configuration = Route(method: .get, template: "/api/configurations/{name}")
    public static let saveConfiguration = Route(method: .put, template: "/api/configurations/{name}")
    public static let deleteConfiguration = Route(method: .delete, template: "/api/configurations/{name}")

    public static let bootstrapTokens = Route(method: .get, template: "/api/bootstrap-tokens")
    public static let createBootstrapToken = Route(method: .post, template: "/api/bootstrap-tokens")
    public static let revokeBootstrapToken = Route(method: .delete, template: "/api/bootstrap-tokens/{id}")
    public static let operatorTokens = Route(method: .get, template: "/api/operator-tokens")
    public static let createOperatorToken = Route(method: .post, template: "/api/operator-tokens")
    public static let revokeOperatorToken = Route(method: .delete, template: "/api/operator-tokens/{id}")

    public static let signingKeys = Route(method: .get, template: "/api/authority/keys")
    public static let draftSigningKey = Route(method: .post, template: "/api/authority/keys")
    public static let activateSigningKey = Route(method: .post, template: "/api/authority/keys/{fingerprint}/activate")
    public static let retireSigningKey = Route(method: .post, template: "/api/authority/keys/{fingerprint}/retire")
    public static let discardSigningKey = Route(method: .post, template: "/api/authority/keys/{fingerprint}/discard")
    public static let federationCertificates = Route(method: .get, template: "/api/federation-certificates")
    public static let issueFederationCertificate = Route(method: .post, template: "/api/federation-certificates")

    public static let peers = Route(method: .get, template: "/api/peers")
    public static let inspectPeerPaste = Route(method: .post, template: "/api/peers/inspect")
    public static let createPeer = Route(method: .post, template: "/api/peers")
    public static let peer = Route(method: .get, template: "/api/peers/{name}")
    public static let updatePeer = Route(method: .put, template: "/api/peers/{name}")
    public static let deletePeer = Route(method: .delete, template: "/api/peers/{name}")
    public static let generatePeerSecret = Route(method: .post, template: "/api/peers/{name}/secrets/generate")
    public static let savePeerSecret = Route(method: .put, template: "/api/peers/{name}/secrets")
    public static let pingPeer = Route(method: .post, template: "/api/peers/{name}/ping")
    public static let refreshPeer = Route(method: .post, template: "/api/peers/{name}/refresh")
    public static let peerAgents = Route(method: .get, template: "/api/peers/{name}/agents")
    public static let peerAgent = Route(method: .get, template: "/api/peers/{name}/agents/{id}")

    public static let handovers = Route(method: .get, template: "/api/handovers")
    public static let handover = Route(method: .get, template: "/api/handovers/{id}")
    public static let issueHandover = Route(method: .post, template: "/api/handovers")
    public static let previewHandover = Route(method: .post, template: "/api/handovers/preview")
    public static let redeemHandover = Route(method: .post, template: "/api/handovers/redeem")
    public static let pushHandover = Route(method: .post, template: "/api/handovers/{id}/push")
    public static let cancelHandover = Route(method: .post, template: "/api/handovers/{id}/cancel")

    public static let auditEvents = Route(method: .get, template: "/api/audit/events")
    public static let verifyAudit = Route(method: .post, template: "/api/audit/verify")
    public static let pruneAudit = Route(method: .post, template: "/api/audit/prune")

    public static let all: [Route] = [
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
public enum FederationRoutes {
    public static let ping = Route(method: .get, template: "/api/federation/ping")
    public static let trustBundle = Route(method: .get, template: "/api/federation/trust-bundle")
    public static let announceTrust = Route(method: .post, template: "/api/federation/trust-bundle")
    public static let agents = Route(method: .get, template: "/api/federation/agents")
    public static let agent = Route(method: .get, template: "/api/federation/agents/{id}")
    public static let redeem = Route(method: .post, template: "/api/federation/handovers/{id}/redeem")
    public static let notices = Route(method: .post, template: "/api/federation/handovers/{id}/notices")
    public static let handover = Route(method: .get, template: "/api/federation/handovers/{id}")
    public static let handovers = Route(method: .get, template: "/api/federation/handovers")

    public static let all: [Route] = [
        ping, trustBundle, announceTrust, agents, agent, redeem, notices, handover, handovers,
    ]
}

/// Paths that need no credential.
public enum PublicPaths {
    public static let opamp = "/v1/opamp"
    public static let trustBundle = "/pki/trust-bundle.pem"
    public static let live = "/health/live"
    public static let ready = "/health/ready"
    public static let metrics = "/metrics"
    /// The OpenAPI document.
    public static let description = "/api/openapi.json"
}
