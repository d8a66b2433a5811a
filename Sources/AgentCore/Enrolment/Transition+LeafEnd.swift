import Certificates
import Vocabulary

/// What has been said about the end of a leaf.
struct LeafEnd: Equatable, Sendable {
    enum Stage: Equatable, Sendable {
        /// Nobody has renewed it in half of the time that there is for that.
        case near
        case over
    }

    var leaf: Fingerprint
    var stage: Stage

    static func stage(of leaf: Certificate, at now: Timestamp) -> Stage? {
        let near = AgentTimings.usualRenewal(of: leaf) / 2
        return now >= leaf.notAfter ? .over : now >= leaf.notAfter - near ? .near : nil
    }
}

extension Transition {
    /// Said once a process for each stage. Whether a server is reached does not matter: a host that was off has a leaf that
    /// ended meanwhile.
    mutating func noteLeafEnd() {
        guard let leaf = agent.state.active.settings.leaf?.leaf, let stage = LeafEnd.stage(of: leaf, at: now) else {
            return
        }
        let end = LeafEnd(leaf: leaf.fingerprint, stage: stage)
        guard agent.leafEnd != end else { return }
        agent.leafEnd = end
        let next =
            switch (agent.configuration.hasLeafOfItsOwn, stage) {
            case (true, _):
                "Renew the files that `tls.cert_file` and `tls.key_file` name; the agent reads them again every hour and on SIGHUP."
            case (false, .near):
                "Check that the agent reaches its server, and read the server's log for why it does not renew the certificate."
            case (false, .over):
                "Create a token with `mini-server bootstrap-token create`, and run `opamp-agent enroll` with --token-file."
            }
        note(
            stage == .over ? .error : .warning, stage == .over ? .leafEnded : .leafEnds,
            ["fingerprint": leaf.fingerprint.description, "not_after": leaf.notAfter.description, "next": next])
    }
}
