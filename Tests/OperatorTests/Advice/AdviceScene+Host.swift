extension AdviceScene {
    static let ofAHost = [
        AdviceScene(
            code: "enrolment.no-token",
            refused: "opamp-agent enroll --config agent.yaml",
            advice: ["`mini-server bootstrap-token create`", "--token-file"],
            carriedOut: "token eu > bootstrap",
            then: "opamp-agent enroll --config agent.yaml --token-file bootstrap"),
        AdviceScene(
            code: "enrolment.nothing-to-renew", state: "agent eu second > second.yaml; token eu > bootstrap",
            refused: "opamp-agent enroll --renew --config second.yaml --token-file bootstrap",
            advice: ["Run `opamp-agent enroll` with a bootstrap token and without --renew"],
            carriedOut: "opamp-agent enroll --config second.yaml --token-file bootstrap",
            then: "opamp-agent enroll --renew --config second.yaml"),
        AdviceScene(
            code: "enrolment.http-401", state: "agent eu third > third.yaml",
            refused: "opamp-agent enroll --config third.yaml --token opamp-bt.unknown",
            advice: ["`mini-server bootstrap-token create`"],
            carriedOut: "token eu > bootstrap",
            then: "opamp-agent enroll --config third.yaml --token-file bootstrap"),
        AdviceScene(
            code: "fleet.bootstrap-used", state: "agent eu fourth > fourth.yaml",
            refused: "opamp-agent enroll --config fourth.yaml --token-file bootstrap",
            advice: ["`mini-server bootstrap-token create`"],
            carriedOut: "token eu > bootstrap",
            then: "opamp-agent enroll --config fourth.yaml --token-file bootstrap"),
        AdviceScene(
            code: "fleet.bootstrap-unknown",
            state: "header=$'Authorization: Bearer opamp-bt.unknown\\r\\n'",
            refused: "door eu", advice: ["`mini-server bootstrap-token create`"],
            carriedOut: "header=\"Authorization: Bearer $(token eu)\"$'\\r\\n'", clean: "header="),
        AdviceScene(
            code: "fleet.leaf-absent", refused: "door eu", advice: ["`opamp-agent enroll`"],
            carriedOut: "token eu > bootstrap; opamp-agent enroll --config agent.yaml --token-file bootstrap",
            then: "door eu -cert agent-state/leaf.pem -key agent-state/leaf.key"),
        AdviceScene(
            code: "fleet.leaf-unknown",
            state: """
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.pem -days 9 \\
                    -subj /CN=x -addext extendedKeyUsage=clientAuth
                """,
            refused: "door eu -cert other.pem -key other.key",
            advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: """
                opamp-agent reset --yes --config third.yaml; token eu > bootstrap
                opamp-agent enroll --config third.yaml --token-file bootstrap
                """,
            then: "door eu -cert third/leaf.pem -key third/leaf.key"),
        AdviceScene(
            code: "enrolment.http-403",
            state: "mini-server agent revoke $(row_of third) --context eu",
            refused: "opamp-agent enroll --config third.yaml",
            advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: "opamp-agent reset --yes --config third.yaml; token eu > bootstrap",
            then: "opamp-agent enroll --config third.yaml --token-file bootstrap"),
        AdviceScene(
            code: "fleet.leaf-revoked",
            state: "mini-server agent revoke $(row_of third) --context eu",
            refused: "door eu -cert third/leaf.pem -key third/leaf.key",
            advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: """
                opamp-agent reset --yes --config third.yaml; token eu > bootstrap
                opamp-agent enroll --config third.yaml --token-file bootstrap
                """),
        AdviceScene(
            code: "state.lost",
            // As a handover leaves it.
            state:
                "echo moved > third/adopted; for file in connection connection.previous; do echo nonsense > third/$file; done",
            refused: "opamp-agent run --config third.yaml", advice: ["`opamp-agent reset --yes`"],
            carriedOut: "opamp-agent reset --yes --config third.yaml; token eu > bootstrap",
            then: "opamp-agent enroll --config third.yaml --token-file bootstrap"),
        AdviceScene(
            code: "file.corrupt",
            state: "for file in connection connection.previous; do echo nonsense > third/$file; done",
            refused: "opamp-agent status --config third.yaml", advice: ["`opamp-agent reset`"],
            carriedOut: "opamp-agent reset --yes --config third.yaml",
            then: "opamp-agent status --config third.yaml"),
        // The server is another one at the same place; the host has its CA, and no use for it.
        AdviceScene(
            code: "enrolment.tls-untrusted",
            state: """
                stop eu; rm -rf eu eu.token; serve eu
                mini-server ca bundle --context eu > eu-ca.pem
                """,
            refused: "opamp-agent enroll --config agent.yaml --token \"$(token eu)\"",
            advice: ["`opamp-agent reset --yes`"],
            carriedOut: "opamp-agent reset --yes --config agent.yaml"),
    ]
}
