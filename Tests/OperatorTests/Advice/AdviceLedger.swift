/// Where each code that advises a command is shown to lead somewhere, if not by a scene of `AdviceTests`. A source test
/// finds the codes in `Sources` and holds this list, and the tests that it names, against them.
enum AdviceLedger {
    /// Another test carries the advice out.
    static let shownBy: [(code: String, test: String)] = [
        (
            "handover.may-have-settled",
            "a handover whose agent vanished at the target is ended by revoking it at the source"
        ),
        ("federation.secret-not-accepted", "every list is a table for people and JSON for programs"),
        (
            "ca.key-known-alone",
            "an agent that came by a handover keeps a key that it knows alone, and its session when that retires"
        ),
        ("ca.key-vouches-for-agents", "an agent that was away during a rotation gets in, and hears of the new CA"),
    ]

    /// No test carries the advice out, for this reason.
    static let notShown: [(code: String, reason: String)] = [
        ("audit.broken", "what broke the chain is for people to find; the command tells where"),
        ("authority.key-not-yet-valid", "the clock of the server has to be wrong"),
        ("authority.no-active-key", "no command leads to a server without an active key"),
        ("certificate.refused", "OpenSSL's word for what no other code says; the command tells more"),
        ("enrolment.refused", "the server's own code stands in its cause: see fleet.bootstrap-used"),
        ("federation.certificate-not-accepted", "what a peer is told; its operator sees the code of the ping"),
        ("federation.ping-not-a-peer", "something else has to answer with the peer's certificate"),
        ("federation.ping-other-peer", "two servers with one CA are needed, which no start makes"),
        ("federation.ping-server-error", "the advice is to read what the peer says"),
        ("federation.ping-too-many-wrong-secrets", "as federation.ping-secret-not-accepted, and half a minute later"),
        ("federation.too-many-wrong-secrets", "what a peer is told; its operator sees the code of the ping"),
        ("fleet.bootstrap-expired", "a bootstrap token lasts a quarter of an hour; as fleet.bootstrap-used"),
        ("fleet.instance-uid-not-valid", "a message with such a uid is refused before it is one"),
        ("ca.key-not-yet-valid", "the clock of the server has to be wrong"),
        ("fleet.leaf-clone", "a leaf is renewed only when 30 days are left of it"),
        ("fleet.leaf-early", "the advice is to wait; the peers try again by themselves"),
        ("fleet.leaf-not-awaited", "the agent goes back by itself; the advice is to look"),
        ("fleet.leaf-not-here", "the agent goes back by itself; the advice is to look"),
        (
            "fleet.leaf-not-issued",
            "the server's CA has to be retired, 30 days after its successor; as fleet.leaf-revoked"
        ),
        ("fleet.leaf-other-agent", "no CA of ours issues such a leaf; as fleet.leaf-revoked"),
        ("fleet.leaf-replaced", "the leaf was replaced a day before; as fleet.leaf-revoked"),
        ("fleet.request-not-valid", "no agent of ours sends such a request"),
        ("handover.agent-here", "a server has to be restored from a backup that is older than a move"),
        ("handover.claim-not-signable", "no row or peer of ours has such a name"),
        ("handover.leaf-not-valid", "the clock of the server has to be wrong"),
        ("handover.notice-not-allowed", "what a peer is told; the advice is to look"),
        ("handover.signing-failed", "the library has to fail"),
        ("handover.wrong-purpose", "no server issues such a token yet"),
        ("handover.wrong-server-ca", "the agent says it; the target's operator sees handover.listener-not-covered"),
        ("offer.token-missing", "a server that is none of ours made the offer"),
        ("offer.token-without-leaf", "an agent of ours has no leaf only before it enrolls"),
        ("state.malformed", "as state.lost, in the words of the reader"),
        ("state.not-json", "as state.lost, in the words of the reader"),
    ]
}
