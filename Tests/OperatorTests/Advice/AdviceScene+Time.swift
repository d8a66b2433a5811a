extension AdviceScene {
    /// What comes with time, with a clock that is wrong, and with what a host holds.
    static let ofOneServerAndTime = [
        AdviceScene(
            code: "ca.key-not-yet-valid",
            state: """
                stop eu; CLOCK_SHIFT=172800 serve eu; mini-server ca rotate --draft --context eu
                stop eu; serve eu
                """,
            refused: "mini-server ca rotate --activate $(key draft) --context eu",
            advice: ["`mini-server ca discard`", "`mini-server ca rotate`"],
            carriedOut: "mini-server ca discard $(key draft) --context eu",
            then: "mini-server ca rotate --context eu"),
        AdviceScene(
            code: "authority.key-not-yet-valid",
            state: "CLOCK_SHIFT=172800 serve new; stop new",
            refused: "mini-server serve --data-dir new --name new --listen 127.0.0.1:0",
            advice: ["use an empty data directory"],
            carriedOut: "rm -r new new.token",
            then: "serve new; stop new"),
        AdviceScene(
            code: "fleet.bootstrap-expired",
            state: """
                header="Authorization: Bearer $(mini-server bootstrap-token create --ttl 15m --context eu)"$'\\r\\n'
                stop eu; pass 1; serve eu
                """,
            refused: "door eu", advice: ["`mini-server bootstrap-token create`"],
            carriedOut: "header=\"Authorization: Bearer $(token eu)\"$'\\r\\n'"),
        AdviceScene(
            code: "fleet.request-not-valid",
            // A report with the capability ReportsStatus and a signing request that is none.
            state: """
                body='\\x0a\\x10AAAAAAAAAAAAAAAA\\x20\\x01\\x5a\\x09\\x0a\\x07\\x0a\\x05\\x0a\\x03abc'
                answered() { door eu > answer; cat answer; ! grep -q not-valid answer; }
                """,
            refused: "answered", advice: ["`opamp-agent enroll`"],
            carriedOut: "agent eu agent-state > agent.yaml; enroll eu agent.yaml",
            then: "mini-server agent show $(row_of agent-state) --context eu", clean: "header= body="),
        AdviceScene(
            code: "enrolment.refused", state: "agent eu second > second.yaml",
            refused: "opamp-agent enroll --config second.yaml --token-file bootstrap",
            advice: ["`mini-server bootstrap-token create`"], carriedOut: "token eu > bootstrap"),
        AdviceScene(
            code: "fleet.leaf-clone",
            state: """
                cp -r agent-state copy; agent eu copy > copy.yaml; opamp-agent enroll --renew --config agent.yaml
                opamp-agent run --config agent.yaml > agent.log 2>&1 & agent=$!
                until live_on eu; do sleep 0.05; done
                """,
            refused: "door eu -cert copy/leaf.pem -key copy/leaf.key",
            advice: [
                "empty its state directory", "`mini-server agent revoke`", "`opamp-agent reset --yes`",
                "`opamp-agent enroll`",
            ],
            carriedOut: """
                rm -r copy; mini-server agent revoke $(row_of agent-state) --context eu; kill $agent; wait $agent
                opamp-agent reset --yes --config agent.yaml; enroll eu agent.yaml; enroll eu copy.yaml
                """,
            then: """
                for host in agent-state copy; do door eu -cert $host/leaf.pem -key $host/leaf.key; done
                ! cmp -s agent-state/leaf.key copy/leaf.key
                """),
        AdviceScene(
            code: "fleet.leaf-replaced",
            state: """
                rm -r copy; cp -r agent-state copy; opamp-agent enroll --renew --config agent.yaml
                stop eu; pass 25; serve eu
                """,
            refused: "door eu -cert copy/leaf.pem -key copy/leaf.key",
            advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: "opamp-agent reset --yes --config copy.yaml; enroll eu copy.yaml"),
        AdviceScene(
            code: "fleet.leaf-not-issued", state: "stop eu; pass 9600; serve eu",
            refused: "door eu -cert copy/leaf.pem -key copy/leaf.key",
            advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: "opamp-agent reset --yes --config copy.yaml; enroll eu copy.yaml"),
        AdviceScene(
            code: "state.not-json",
            // A record as the agent writes it, with something else in it.
            state: """
                record() {
                    python3 -c "import hashlib, sys; payload = sys.argv[1].encode()
                head = b'opampst\\n' + b''.join(n.to_bytes(w, 'big') for n, w in ((1, 4), (9, 8), (len(payload), 4)))
                sys.stdout.buffer.write(head + hashlib.sha256(head + payload).digest() + payload)" "$1"
                }
                for file in connection connection.previous; do record nonsense > copy/$file; done
                """,
            refused: "opamp-agent status --config copy.yaml", advice: ["`opamp-agent reset`"],
            carriedOut: "opamp-agent reset --yes --config copy.yaml; enroll eu copy.yaml"),
        AdviceScene(
            code: "state.malformed",
            state: "for file in connection connection.previous; do record '{}' > copy/$file; done",
            refused: "opamp-agent run --config copy.yaml", advice: ["`opamp-agent reset`"],
            carriedOut: "opamp-agent reset --yes --config copy.yaml; enroll eu copy.yaml",
            then: "opamp-agent status --config copy.yaml"),
    ]
}
