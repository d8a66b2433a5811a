import AgentCore
import Certificates
import OpAMPProto
public import Vocabulary

/// One enrolment, from the key pair to the first connection with the new leaf.
///
/// Every step is durable before the next begins, so it may be cut off anywhere and started again: with the leaf not yet
/// stored the same key asks again; with the leaf stored only the connection is left.
public struct Enrolment: Sendable {
    public struct Success: Hashable, Sendable {
        public let endpoint: Endpoint
        public let leaf: Fingerprint
    }

    private let configuration: HostConfiguration
    private let former: Fingerprint?
    private let log: AgentLog?
    /// What a bootstrap token can be for when the held leaf is refused.
    private let held: Held?

    private struct Held {
        let leaf: Fingerprint
        /// An offer has led the agent to another server than the file's, for which the token is.
        let isElsewhere: Bool
    }

    /// - Parameter renewing: a leaf is asked for although the present one is good.
    /// - Throws: `EnrolmentFailure.noToken`.
    public init(_ configuration: HostConfiguration, renewing: Bool = false, log: AgentLog? = nil)
        throws(EnrolmentFailure)
    {
        let status = try? AgentStatus(of: configuration)
        let held = status?.leaf
        guard configuration.capabilities.contains(.acceptsOpAMPConnectionSettings) else { throw .settingsNotAccepted }
        guard configuration.key == nil || !renewing else { throw .leafOfTheHost }
        guard held != nil || configuration.bootstrapToken != nil else { throw .noToken }
        guard held != nil || !renewing else { throw .nothingToRenew }
        self.log = log
        self.held = held.map { leaf in
            let active = status?.state?.active.settings.endpoint ?? configuration.server.settings.endpoint
            return Held(
                leaf: leaf.leaf.fingerprint,
                isElsewhere: active.origin != configuration.server.settings.endpoint.origin)
        }
        former = renewing ? held?.leaf.fingerprint : nil
        var configuration = configuration
        // Longer than any leaf lives, so that every leaf is due.
        if renewing { configuration.timings.renewal = .seconds(100 * 365 * 86_400) }
        self.configuration = configuration
    }

    /// - Throws: `StateFailure`, `EnrolmentFailure`.
    public func finish(within limit: Duration) async throws -> Success {
        let deadline = ContinuousClock.now + limit
        do {
            return try await attempt(configuration, former: former, until: deadline, limit)
        } catch EnrolmentFailure.notAccepted(let cause, let detail, .token) where cause.isRefusalOfLeaf {
            guard let held else { throw EnrolmentFailure.notAccepted(cause, detail: detail, .token) }
            guard configuration.key == nil else { throw EnrolmentFailure.notAccepted(cause, detail: detail, .file) }
            guard !held.isElsewhere else { throw EnrolmentFailure.notAccepted(cause, detail: detail, .leafElsewhere) }
            guard configuration.bootstrapToken != nil else {
                throw EnrolmentFailure.notAccepted(cause, detail: detail, .leaf)
            }
            // Revoked, expired, or of a server that was set up anew: the token gets another one, for the same uid and key.
            var anew = configuration
            anew.enrollsAnew = true
            return try await attempt(anew, former: held.leaf, until: deadline, limit)
        }
    }

    private func attempt(
        _ configuration: HostConfiguration, former: Fingerprint?, until deadline: ContinuousClock.Instant,
        _ limit: Duration
    ) async throws -> Success {
        let agent = try AgentExtension.start(configuration, log: log)
        let verdict = await withTaskGroup(of: Result<Success, EnrolmentFailure>?.self) { group in
            group.addTask { await outcome(of: agent, former: former) }
            group.addTask {
                try? await Task.sleep(until: deadline)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            await agent.stop()
            return first
        }
        return try (verdict ?? .failure(.tooLong(limit))).get()
    }

    private func outcome(of agent: AgentExtension, former: Fingerprint?) async -> Result<Success, EnrolmentFailure>? {
        for await news in agent.news {
            switch news.event {
            case .online, .moveAdopted, .moveSettled:
                let snapshot = news.snapshot
                guard let leaf = snapshot.leaf, leaf != former, snapshot.contact == .online, !snapshot.isMoving else {
                    continue
                }
                return .success(Success(endpoint: snapshot.endpoint, leaf: leaf))
            case .leafRefused:
                return .failure(.refused(news.entry["reason"] ?? "the server refused the signing request"))
            case .offerRefused: return .failure(.refused(news.entry["reason"] ?? "the certificate is not usable"))
            case .moveFailed:
                return .failure(.refused(news.entry["detail"] ?? "the server does not accept its certificate"))
            case .lost, .leafNotAccepted:
                guard let cause = news.entry["cause"].flatMap({ MoveCause(code: $0) }), cause.isFinal else { continue }
                let presented: EnrolmentFailure.Presented = news.event == .lost ? .token : .newLeaf
                return .failure(.notAccepted(cause, detail: news.entry["detail"] ?? "", presented))
            default: continue
            }
        }
        return nil
    }
}

extension MoveCause {
    /// Waiting would not make it better.
    fileprivate var isFinal: Bool {
        switch self {
        case .http(let status): (400..<500).contains(status) && status != 408 && status != 429
        case .tlsUntrusted, .tlsName, .tlsExpired, .tlsLeafRefused, .policy: true
        case .dns, .tcp, .proxy, .protocol, .serverError, .timeout, .token, .storage, .probation: false
        }
    }
}

/// Why a host did not get its leaf.
public enum EnrolmentFailure: Error, Hashable, Sendable {
    case noToken
    case nothingToRenew
    /// A certificate comes as connection settings.
    case settingsNotAccepted
    /// The files of the host decide about its certificate.
    case leafOfTheHost
    case notAccepted(MoveCause, detail: String, Presented)
    case refused(String)
    case tooLong(Duration)

    /// What the server did not take.
    public enum Presented: Hashable, Sendable {
        case token, leaf
        /// The leaf that the server has just issued.
        case newLeaf
        /// The certificate that the configuration file names.
        case file
        /// The leaf, at a server to which the agent was moved.
        case leafElsewhere
    }
}

extension EnrolmentFailure.Presented {
    fileprivate static let renewFiles =
        "Renew the files that `tls.cert_file` and `tls.key_file` name, or remove both from the file and enroll."

    /// What ends the refusal, which depends on what was refused and not on the cause alone.
    fileprivate func nextAction(after cause: MoveCause) -> String {
        guard cause.isRefusalOfLeaf else { return cause.nextAction }
        return switch self {
        case .token where cause == .http(status: 401):
            "Create a new token with `mini-server bootstrap-token create`: this one is unknown, used or expired."
        case .token: cause.nextAction
        case .leaf:
            "The server does not accept the host's certificate. Create a token with `mini-server bootstrap-token create`, "
                + "and run `opamp-agent enroll` again with --token-file."
        case .newLeaf:
            "The server does not accept the certificate that it issued. Check which CA certificates its listener, or a "
                + "proxy in front of it, accepts for clients, and run `opamp-agent enroll` again with --token-file."
        case .file: "The server does not accept the host's certificate. \(Self.renewFiles)"
        case .leafElsewhere:
            "The server to which the agent was moved does not accept its certificate. Run `opamp-agent reset --yes`, then "
                + "`opamp-agent enroll` with a new token of the server in the configuration file."
        }
    }
}

extension EnrolmentFailure: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        let title = "The host could not be enrolled"
        return switch self {
        case .noToken:
            OperatorMessage(
                code: EnrolmentCode.noToken.code, title: title,
                cause: "The host has no bootstrap token and no certificate.",
                nextAction: "Create a token with `mini-server bootstrap-token create` and pass it with --token-file.")
        case .nothingToRenew:
            OperatorMessage(
                code: EnrolmentCode.nothingToRenew.code, title: title, cause: "The host has no certificate yet.",
                nextAction: "Run `opamp-agent enroll` with a bootstrap token and without --renew.")
        case .settingsNotAccepted:
            OperatorMessage(
                code: EnrolmentCode.settingsNotAccepted.code, title: title,
                cause: "The configuration file does not accept connection settings, and a certificate comes as one.",
                nextAction:
                    "Remove `capabilities.accepts_opamp_connection_settings: false` from the configuration file.")
        case .leafOfTheHost:
            OperatorMessage(
                code: EnrolmentCode.leafOfTheHost.code, title: title,
                cause: "The configuration file names the certificate of this host in `tls.cert_file`.",
                nextAction: Presented.renewFiles)
        case .notAccepted(let cause, let detail, let presented):
            OperatorMessage(
                code: "\(EnrolmentCode.area).\(cause.code)", title: title,
                cause: detail.isEmpty ? cause.sentence : "\(detail).",
                nextAction: presented.nextAction(after: cause))
        case .refused(let reason): Self.refused(reason, title: title)
        case .tooLong(let limit):
            OperatorMessage(
                code: EnrolmentCode.tooLong.code, title: title,
                cause: "The enrollment did not complete within \(DurationText.write(limit)).",
                nextAction: "Correct the problem that the log above names, and run the command again.")
        }
    }

    /// A server of ours says what to do in the words of an operator message.
    private static func refused(_ reason: String, title: String) -> OperatorMessage {
        let own = reason.firstPlace(of: " Next: ")
        let cause = own.map { String(reason[..<$0.lowerBound]) } ?? reason
        return OperatorMessage(
            code: EnrolmentCode.refused.code, title: title, cause: cause.hasSuffix(".") ? cause : cause + ".",
            nextAction: own.map { String(reason[$0.upperBound...]) }
                ?? "Read the server's log and `mini-server audit list` for this time.")
    }
}
