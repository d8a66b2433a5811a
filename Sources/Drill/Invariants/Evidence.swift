import ServerAPI
import Vocabulary

/// Everything that was seen of one drill's world, as values: the invariants are judged by it and by nothing else.
struct Evidence: Sendable {
    /// What one server tells its operator at the end.
    struct Server: Sendable {
        var label: String
        var name: String
        var agents: [AgentSummary] = []
        var handovers: [HandoverDetail] = []
        var audit: [AuditEvent] = []
        var auditVerdict: AuditVerdict?
        /// What it contained during the drill and at the end: each sample that differs from the previous one.
        var estates: [EstateLook] = []
    }

    /// What one agent's host shows.
    struct Agent: Sendable {
        var name: String
        var enrolled: AgentIdentity?
        var present: AgentIdentity?
        var looks: [AgentLook] = []
        /// Nil when its state could not be read then.
        var atTheEnd: AgentStatus?
        var log = ""
    }

    /// An attempt at something that must be refused.
    struct Probe: Hashable, Sendable {
        enum Kind: String, Hashable, Sendable {
            case lookalikeLeaf, copiedLeaf
            case foreignLeaf, noLeaf, copiedPeer, operatorToken
            case noCertificate, otherCertificate, wrongSecret

            var ways: [Way] {
                switch self {
                case .lookalikeLeaf, .copiedLeaf, .foreignLeaf, .noLeaf, .copiedPeer, .operatorToken: Way.ofAgents
                case .noCertificate, .otherCertificate, .wrongSecret: [.call]
                }
            }

            /// How many different attempts there are at each server.
            var attempts: Int { self == .wrongSecret ? WrongSecret.allCases.count : 1 }
        }

        enum Way: String, Hashable, Sendable {
            /// An OpAMP report by POST, and a WebSocket.
            case report, upgrade
            /// A federation request.
            case call

            static let ofAgents: [Way] = [.report, .upgrade]
        }

        var kind: Kind
        var way: Way
        /// The label of the server at which it was tried.
        var server: String
        var what: String
        /// Of HTTP; 101 is a WebSocket that was opened.
        var status: Int
        /// What the answer gives as the reason.
        var code: String?

        var answer: String { code.map { $0.hasPrefix("\(status)") ? $0 : "\(status) \($0)" } ?? "\(status)" }
        /// Whatever is not a refusal of the caller has let him in, or has looked at what he brought.
        var wasRefused: Bool { status == 401 || status == 403 }
    }

    var servers: [Server] = []
    /// Servers that could not be asked at the end, with the reason.
    var unseen: [String] = []
    var agents: [Agent] = []
    var watched = Watch.Findings()
    var probes: [Probe] = []
    /// Whether a WebSocket was opened to an agent of the server with its own leaf, where that was tried; by label.
    var admitsOwnAgent: [String: Bool] = [:]
    /// Endpoints that servers of this world announce, by the server's label.
    var endpoints: [String: String] = [:]
    var secrets = SecretSearch()
    var temptation: Temptation?
    /// The label of the server that has an agent which was never handed over.
    var bystanderHome: String?

    /// What was done to make an agent accept less than it should.
    struct Temptation: Hashable, Sendable {
        /// The label of the server that it was sent to.
        var server: String
        var what: String
    }

    /// The servers at which an attempt of this kind can be made.
    func servers(for kind: Probe.Kind) -> Set<String> {
        switch kind {
        case .lookalikeLeaf, .copiedLeaf: Set(servers.filter { !$0.agents.isEmpty }.map(\.label))
        case .foreignLeaf: Set(servers.map(\.label)).subtracting(bystanderHome.map { [$0] } ?? [])
        case .noLeaf, .copiedPeer, .operatorToken, .noCertificate, .otherCertificate, .wrongSecret:
            Set(servers.map(\.label))
        }
    }

    /// Tokens carry whole seconds, so that two of one second are told apart by their epoch.
    static func isIssuedBefore(_ one: HandoverDetail, _ other: HandoverDetail) -> Bool {
        (one.summary.issuedAt, one.summary.epoch) < (other.summary.issuedAt, other.summary.epoch)
    }

    /// What a server wrote about one handover, oldest first.
    static func actions(of id: HandoverID, on server: Server) -> [AuditEvent] {
        server.audit.filter { $0.additional["handover"] == "\(id)" }.sorted { $0.sequence < $1.sequence }
    }
}

/// What only the drill itself can have seen or done.
struct Observations: Sendable {
    var temptation: Evidence.Temptation?
    /// Attempts made on the way, while they would have done the most harm.
    var probes: [Evidence.Probe] = []
    /// The last handover token for each server, by its label.
    var tokens: [String: Secret] = [:]
    /// Plain texts of federation secrets: who calls whom with it.
    var federationSecrets: [(caller: String, callee: String, secret: Secret)] = []
    /// An agent that was never handed over.
    var bystander: AgentIdentity?
    /// Where that agent enrolled.
    var bystanderHome: String?
}
