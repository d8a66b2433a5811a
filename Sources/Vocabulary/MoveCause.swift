/// Why a move, or an attempt to reach a server, failed: a closed list that agent, server and drill share.
///
/// The code travels in `ConnectionSettingsStatus.error_message` and in the header `OpAMP-Handover-Cause`.
public enum MoveCause: Hashable, Sendable {
    case dns, tcp, proxy
    case tlsUntrusted, tlsName, tlsExpired, tlsLeafRefused
    case http(status: Int)
    case `protocol`, serverError, timeout, policy, token, storage, probation

    public static let allFixed: [MoveCause] = [
        .dns, .tcp, .proxy, .tlsUntrusted, .tlsName, .tlsExpired, .tlsLeafRefused, .protocol, .serverError, .timeout,
        .policy, .token, .storage, .probation,
    ]

    public var code: String {
        switch self {
        case .dns: "dns"
        case .tcp: "tcp"
        case .proxy: "proxy"
        case .tlsUntrusted: "tls-untrusted"
        case .tlsName: "tls-name"
        case .tlsExpired: "tls-expired"
        case .tlsLeafRefused: "tls-leaf-refused"
        case .http(let status): "http-\(status)"
        case .protocol: "protocol"
        case .serverError: "server-error"
        case .timeout: "timeout"
        case .policy: "policy"
        case .token: "token"
        case .storage: "storage"
        case .probation: "probation"
        }
    }

    /// Reads exactly what `code` writes.
    public init?(code: String) {
        let known = Self.allFixed + (Int(code.dropFirst(5)).map { [.http(status: $0)] } ?? [])
        guard let cause = known.first(where: { $0.code == code }) else { return nil }
        if case .http(let status) = cause, !(100...599).contains(status) { return nil }
        self = cause
    }

    /// Whether the same attempt may succeed later although nobody changes what was offered: a network, a server or a disk
    /// recovers, a certificate is renewed. Everything else stays as it is until another offer comes.
    public var mayPass: Bool {
        switch self {
        case .dns, .tcp, .proxy, .tlsExpired, .serverError, .timeout, .storage, .probation: true
        case .http(let status): status == 408 || status == 425 || status == 429 || status >= 500
        case .tlsUntrusted, .tlsName, .tlsLeafRefused, .protocol, .policy, .token: false
        }
    }

    /// A server that does not accept the agent's certificate, or its token, answers so.
    public var isRefusalOfLeaf: Bool {
        switch self {
        case .tlsLeafRefused: true
        case .http(let status): status == 401 || status == 403
        case .dns, .tcp, .proxy, .tlsUntrusted, .tlsName, .tlsExpired, .protocol, .serverError, .timeout, .policy,
            .token, .storage, .probation:
            false
        }
    }

    /// One sentence for the operator.
    public var sentence: String {
        switch self {
        case .dns: "The server's host name could not be resolved."
        case .tcp: "No address of the server accepted a connection."
        case .proxy: "The proxy refused or broke the connection."
        case .tlsUntrusted: "The server's certificate does not chain to the CA bundle for this server."
        case .tlsName: "The server's certificate does not name the host of the endpoint."
        case .tlsExpired: "The server's certificate is expired or not yet valid."
        case .tlsLeafRefused: "The server did not accept the agent's certificate."
        case .http(let status): "The server answered the connection with HTTP status \(status)."
        case .protocol: "The server's answer was not the expected OpAMP message."
        case .serverError: "The server answered the first report with an error."
        case .timeout: "The server did not answer in time."
        case .policy: "The agent's policy forbids these settings."
        case .token: "The handover token is not valid for this agent and this offer."
        case .storage: "The agent could not write its state."
        case .probation: "The agent lost the new server during the probation period."
        }
    }

    public var nextAction: String {
        switch self {
        case .dns: "Check the host in the server's OpAMP endpoint, and the resolver of the agent's host."
        case .tcp: "Check that the server is running and that a firewall lets the agent's host reach it."
        case .proxy: "Check `proxy` in the agent's configuration file, and read the proxy's log."
        case .tlsUntrusted:
            "For a handover, run `mini-server peer refresh` and issue a new token. If the server has a new CA that the agent "
                + "was never told, run `opamp-agent reset --yes` and enroll the host again."
        case .tlsName: "Give the server a listener certificate for the host in its OpAMP endpoint."
        case .tlsExpired: "Renew the server's listener certificate, and check the clocks."
        case .tlsLeafRefused, .http(status: 403):
            "Run `mini-server agent list` and `mini-server handover list` there: one must name the agent's fingerprint. "
                + "Otherwise run `opamp-agent reset --yes`, then `opamp-agent enroll` with a new bootstrap token."
        case .http(status: 401):
            "Enroll the host: create a token with `mini-server bootstrap-token create`, and pass it to `opamp-agent enroll`."
        case .http(status: 404): "Correct the path of the endpoint: a mini-server serves agents at /v1/opamp."
        case .http(status: 413):
            "Raise the limit for one message at the server, or at the proxy before it. Until then the agent leaves out its "
                + "effective configuration."
        case .http(let status) where (300...399).contains(status):
            "Configure the endpoint that the server or its proxy redirects to: the agent follows no redirect, because its "
                + "certificate and headers are for the configured server only."
        case .http: "Read the server's log and `mini-server audit list` for this time."
        case .protocol: "Check that the endpoint is an OpAMP server of a compatible version."
        case .serverError: "Read the server's log for this time."
        case .timeout:
            "Check the server's load and the network. If an offer failed, repeat it with `mini-server handover push`."
        case .policy: "Change the offer, or the policy in the agent's configuration file."
        case .token: "Read the reason after the cause; in most cases, issue a new token."
        case .storage: "Free disk space, or correct the permissions of the agent's state directory."
        case .probation: "Find out why the agent lost the target, then hand the agent over again."
        }
    }
}
