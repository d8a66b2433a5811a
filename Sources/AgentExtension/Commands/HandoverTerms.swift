import AgentCore
import Certificates
import HandoverToken
import Vocabulary

/// What an offer that leads to another server would be held against if it came now: the policy of the configuration
/// file, and what the state holds.
struct HandoverTerms: Sendable {
    /// What the agent would leave.
    let server: ServerSettings
    let policy: OfferPolicy
    let state: AgentState?

    private var signers: [Certificate] { server.tokenSigners?.certificates ?? [] }
    private var isTokenRequired: Bool { policy.requiresToken(holding: server.tokenSigners) }

    var json: JSON {
        .members([
            "require_token": .string(policy.requiresToken.rawValue),
            "token_required": .bool(isTokenRequired),
            "token_signers": .array(
                signers.map { signer in
                    .members([
                        "subject": .string(signer.subject), "fingerprint": .string(signer.fingerprint.description),
                    ])
                }),
            "epoch_above": .integer(Int64(clamping: state?.epoch ?? 0)),
            "allowed_endpoints": policy.allowedEndpoints.map { .array($0.map { .string($0.text) }) },
            "min_tls_version": .string(policy.minimumTLS.rawValue),
            "allow_plaintext": .bool(policy.allowsLeavingTLS),
            "allow_skip_verify": .bool(policy.allowsSkippingVerification),
            "accept_offered_keys": .bool(policy.acceptsOfferedKeys),
            "leaf": server.settings.leaf.map { .string($0.leaf.fingerprint.description) },
            "previous": state?.previous.map { .string($0.settings.endpoint.description) },
            "probation_until": state?.probation.map { .string($0.until.description) },
        ])
    }

    /// One line a check, in the order in which an offer meets them.
    var rows: [(name: String, value: String)] {
        var rows = [("endpoint", policy.allowedEndpoints.map { $0.map(\.text).joined(separator: ", ") } ?? "any")]
        let floor = policy.minimumTLS.rawValue
        rows.append(("TLS", "\(floor) or later, chain and host name verified with the offered CAs"))
        if policy.allowsLeavingTLS { rows.append(("TLS", "may be dropped: allow_plaintext")) }
        if policy.allowsSkippingVerification { rows.append(("TLS", "may be unverified: allow_skip_verify")) }
        rows.append(
            (
                "certificate",
                server.settings.leaf.map {
                    "sha256 \($0.leaf.fingerprint) stays"
                        + (state?.probation == nil
                            ? "; another one only \(policy.acceptsOfferedKeys ? "with its key, or " : "")over the same key"
                            : "")
                } ?? "none; enroll the host before you hand it over"
            ))
        let need = isTokenRequired ? "required" : "not required"
        rows.append(("token", "\(need) (require_token \(policy.requiresToken.rawValue))"))
        rows += signers.map { ("token signer", "\($0.subject) (sha256 \($0.fingerprint))") }
        if signers.isEmpty { rows.append(("token signer", "none; enrollment provides them")) }
        rows.append(("epoch", "above \(state?.epoch ?? 0)"))
        if let previous = state?.previous {
            let until = state?.probation.map { " until \($0.until)" } ?? ""
            rows.append(("probation", "previous settings for \(previous.settings.endpoint) kept\(until)"))
        }
        return rows
    }
}

extension EndpointPattern {
    /// As it stands in the configuration file.
    fileprivate var text: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return (includesSubdomainsOnly ? "*." : "") + name + (port.map { ":\($0)" } ?? "")
    }
}
