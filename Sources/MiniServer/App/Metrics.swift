import Synchronization

/// Counters by name and labels, in the text format that Prometheus scrapes.
final class Metrics: Sendable {
    private struct Series: Hashable {
        var name: String
        var labels: String
    }

    private let counters = Mutex<[Series: Int]>([:])

    func increment(_ name: String, _ labels: KeyValuePairs<String, String> = [:]) {
        let series = Series(name: name, labels: Self.text(of: labels))
        counters.withLock { $0[series, default: 0] += 1 }
    }

    /// What counts calls between peers; dashboards know this name and these labels.
    func countFederationCall(peer: String, direction: Direction, outcome: String) {
        increment(
            Self.federationCalls, ["peer": peer, "direction": direction.rawValue, "outcome": outcome])
    }

    enum Direction: String {
        case inbound, outbound
    }

    /// Everything counted so far, and these gauges.
    func exposition(gauges: [Gauge]) -> String {
        let counted = counters.withLock { $0 }.map { series, value in
            Sample(name: series.name, kind: "counter", labels: series.labels, value: value)
        }
        let measured = gauges.map {
            Sample(name: $0.name, kind: $0.kind, labels: Self.text(of: $0.labels), value: $0.value)
        }
        let families = Dictionary(grouping: counted + measured, by: \.name).sorted { $0.key < $1.key }
        return families.map { name, samples in
            let help = Self.help[name].map { "# HELP \(name) \($0)\n" } ?? ""
            let lines = samples.sorted { $0.labels < $1.labels }.map { "\(name)\($0.labels) \($0.value)\n" }
            return help + "# TYPE \(name) \(samples[0].kind)\n" + lines.joined()
        }.joined()
    }

    struct Gauge {
        var name: String
        var kind = "gauge"
        var labels: KeyValuePairs<String, String> = [:]
        var value: Int
    }

    private struct Sample {
        var name: String
        var kind: String
        var labels: String
        var value: Int
    }

    static let federationCalls = "ampora_federation_calls_total"
    static let handovers = "handover_handovers"
    static let connectedAgents = "opamp_connected_agents"
    static let auditEntries = "handover_audit_entries"
    static let copiesDetected = "handover_copies_detected_total"
    static let waitingNotices = "handover_waiting_notices"
    static let storageCommits = "storage_commits_total"
    static let storageLog = "storage_wal_bytes"

    static let listenerTrouble = "listener_certificate_not_replaced"

    private static let help = [
        federationCalls: "Calls between this server and its peers.",
        handovers: "Handovers known here, by role and phase.",
        connectedAgents: "Agents with an OpAMP session now.",
        auditEntries: "The sequence number of the last audit entry.",
        copiesDetected: "Signs that two hosts use one agent's identity.",
        storageCommits: "Commits that changed the database since the start, each of them synced.",
        listenerTrouble: "1 while the files of the listener's certificate cannot be used; the one shown is kept.",
        storageLog: "The size of the database's write-ahead log.",
        waitingNotices: "Notices that a peer has not acknowledged yet.",
    ]

    private static func text(of labels: KeyValuePairs<String, String>) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { name, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(name)=\"\(escaped)\""
        }
        return "{\(pairs.joined(separator: ","))}"
    }
}
