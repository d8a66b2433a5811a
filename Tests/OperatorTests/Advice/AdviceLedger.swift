/// Where each code that advises a command is shown to lead somewhere, if not by an `AdviceScene`. A source test
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
        ("federation.certificate-not-accepted", "what a peer is told; its operator sees the code of the ping"),
        ("federation.too-many-wrong-secrets", "what a peer is told; its operator sees the code of the ping"),
        ("fleet.instance-uid-not-valid", "a message with such a uid is refused before it is one"),
        ("fleet.leaf-other-agent", "no CA of ours issues such a leaf; as fleet.leaf-revoked"),
        ("handover.claim-not-signable", "no row or peer of ours has such a name"),
        ("handover.notice-not-allowed", "what a peer is told; the advice is to look"),
        ("handover.signing-failed", "the library has to fail"),
        ("handover.wrong-purpose", "no server issues such a token yet"),
        ("handover.wrong-server-ca", "the agent says it; the target's operator sees handover.listener-not-covered"),
        ("offer.token-missing", "a server that is none of ours made the offer"),
        ("offer.token-without-leaf", "an agent of ours has no leaf only before it enrolls"),
    ]
}
