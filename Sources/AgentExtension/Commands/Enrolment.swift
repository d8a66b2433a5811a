import AgentCore
import Certificates
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

    /// - Parameter renewing: a leaf is asked for although the present one is good.
    /// - Throws: `EnrolmentFailure.noToken`.
    public init(_ configuration: HostConfiguration, renewing: Bool = false, log: AgentLog? = nil)
        throws(EnrolmentFailure)
    {
        let held = try? AgentStatus(of: configuration).leaf
        guard held != nil || configuration.bootstrapToken != nil else { throw .noToken }
        guard held != nil || !renewing else { throw .nothingToRenew }
        self.log = log
        former = renewing ? held?.leaf.fingerprint : nil
        var configuration = configuration
        // Longer than any leaf lives, so that every leaf is due.
        if renewing { configuration.timings.renewal = .seconds(100 * 365 * 86_400) }
        self.configuration = configuration
    }

    /// - Throws: `StateFailure`, `EnrolmentFailure`.
    public func finish(within limit: Duration) async throws -> Success {
        let agent = try AgentExtension.start(configuration, log: log)
        let verdict = await withTaskGroup(of: Result<Success, EnrolmentFailure>?.self) { group in
            group.addTask { await outcome(of: agent) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            await agent.stop()
            return first
        }
        return try (verdict ?? .failure(.tooLong(limit))).get()
    }

    private func outcome(of agent: AgentExtension) async -> Result<Success, EnrolmentFailure>? {
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
            case .lost:
                guard let cause = news.entry["cause"].flatMap({ MoveCause(code: $0) }), cause.isFinal else { continue }
                return .failure(.notAccepted(cause, detail: news.entry["detail"] ?? ""))
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
    case notAccepted(MoveCause, detail: String)
    case refused(String)
    case tooLong(Duration)
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
        case .notAccepted(let cause, let detail):
            OperatorMessage(
                code: "\(EnrolmentCode.area).\(cause.code)", title: title,
                cause: detail.isEmpty ? cause.sentence : "\(detail).",
                nextAction: cause == .http(status: 401)
                    ? "Create a new token with `mini-server bootstrap-token create`: this one is unknown, used or expired."
                    : cause.nextAction)
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
        let own = reason.firstRange(of: " Next: ")
        let cause = own.map { String(reason[..<$0.lowerBound]) } ?? reason
        return OperatorMessage(
            code: EnrolmentCode.refused.code, title: title, cause: cause.hasSuffix(".") ? cause : cause + ".",
            nextAction: own.map { String(reason[$0.upperBound...]) }
                ?? "Read the server's log and `mini-server audit list` for this time.")
    }
}
