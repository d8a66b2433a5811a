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

    /// One sentence for the operator.
    public var sentence: String {
        switch self {
        case .dns: "The server's host name could not be resolved."
        case .tcp: "No address of the server accepted a connection."
        case .proxy: "The proxy refused or broke the connection."
        case .tlsUntrusted: "The server's certificate does not chain to the CA bundle meant for it."
        case .tlsName: "The server's certificate does not name the host of the endpoint."
        case .tlsExpired: "The server's certificate is expired or not yet valid."
        case .tlsLeafRefused: "The server did not accept the agent's certificate."
        case .http(let status): "The server answered the connection with HTTP status \(status)."
        case .protocol: "The server's answer was not the OpAMP that was expected."
        case .serverError: "The server answered the first report with an error."
        case .timeout: "The server did not answer in time."
        case .policy: "The agent's own policy forbids these settings."
        case .token: "The handover token did not hold for this agent and this offer."
        case .storage: "The agent could not write its state."
        case .probation: "The new server was lost again during the probation period."
        }
    }

    public var nextAction: String {
        switch self {
        case .dns: "Check the host in the server's OpAMP endpoint, and the resolver of the agent's host."
        case .tcp: "Check that the server is running and that a firewall lets the agent's host reach it."
        case .proxy: "Check the agent's proxy settings and the proxy's log."
        case .tlsUntrusted: "Run `opamp-agent check`; for a handover refresh the trust bundle and issue a new token."
        case .tlsName: "Give the server a listener certificate for the host in its OpAMP endpoint."
        case .tlsExpired: "Renew the server's listener certificate, and check the clocks."
        case .tlsLeafRefused: "Check that the server knows the agent's fingerprint, or that its handover awaits it."
        case .http: "Look up this time in the server's audit trail and log."
        case .protocol: "Check that the endpoint is an OpAMP server, and its version."
        case .serverError: "Look up this time in the server's log."
        case .timeout: "Check the server's load and the path to it; push again an offer that failed."
        case .policy: "Change the offer, or the policy in the agent's configuration file."
        case .token: "Read the reason behind the cause; usually: issue a new token."
        case .storage: "Free space or mend permissions in the agent's state directory."
        case .probation: "Find out why the target was lost before handing the agent over again."
        }
    }
}
