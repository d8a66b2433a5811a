extension AdviceScene {
    static let issue = "mini-server handover issue $row --to us-region --context eu"
    static let issued = "\(issue) > issued; tail -n 1 issued > token; id=$(open_on eu)"
    static let cancelled = """
        mini-server handover cancel $(open_on eu) --context eu
        until mini-server handover list --open --context us | grep -q '(none)'; do sleep 0.05; done
        """
    static let redeem = "mini-server handover redeem --token-file token --context us"

    static let ofTwoServers = [
        AdviceScene(
            code: "call.no-certificate", refused: "mini-server peer ping us-region --context eu",
            advice: ["`mini-server peer certificate --subject NAME`", "`mini-server peer add`"],
            carriedOut: """
                mini-server peer certificate --subject NAME --context eu > eu.pem
                mini-server peer add eu-region --endpoint $eu --certificate eu.pem --context us
                """,
            thenRefused: "call.no-secret"),
        AdviceScene(
            code: "call.no-secret",
            state: """
                mini-server peer rotate-secrets eu-region --context us > shown
                sed -n '/^inbound/{n;s/ //g;p}' shown > us-inbound; sed -n '/^outbound/{n;s/ //g;p}' shown > us-outbound
                """,
            refused: "mini-server peer ping us-region --context eu",
            advice: ["`mini-server peer set-secret us-region --direction outbound`"],
            carriedOut:
                "mini-server peer set-secret us-region --direction outbound --secret-file us-inbound --context eu"),
        AdviceScene(
            code: "handover.peer-incomplete", refused: issue,
            advice: ["`mini-server peer set-secret`", "`mini-server peer ping us-region`"],
            carriedOut: """
                mini-server peer set-secret us-region --direction inbound --secret-file us-outbound --context eu
                mini-server peer ping us-region --context eu
                """,
            clean: cancelled),
        AdviceScene(
            code: "not-found.agent",
            refused: "mini-server handover issue 01a21e91-5062-766c-9d62-ee7b70da8ee9 --to us-region --context eu",
            advice: ["`mini-server agent list`"], carriedOut: "mini-server agent list --context eu | grep -q $row",
            then: issue, clean: cancelled),
        AdviceScene(
            code: "not-found.peer",
            refused: "mini-server handover issue $row --to nowhere --context eu",
            advice: ["`mini-server peer list`"], carriedOut: "mini-server peer list --context eu | grep -q us-region",
            then: issue, clean: cancelled),
        AdviceScene(
            code: "handover.peer-disabled", state: "mini-server peer disable us-region --context eu",
            refused: issue, advice: ["`mini-server peer enable us-region`"],
            carriedOut: "mini-server peer enable us-region --context eu", clean: cancelled),
        AdviceScene(
            code: "handover.handover-open", state: issued,
            refused: issue, advice: ["`mini-server handover cancel $id`"],
            carriedOut: "mini-server handover cancel $id --context eu", clean: cancelled),
        AdviceScene(
            code: "handover.group-missing", state: issued,
            refused: "\(redeem) --group web", advice: ["`mini-server group add web`"],
            carriedOut: "mini-server group add web --context us", clean: cancelled),
        AdviceScene(
            code: "handover.configuration-missing", state: issued,
            refused: "\(redeem) --config base", advice: ["`mini-server config add base --file FILE`"],
            carriedOut: "echo 'a: 1' > FILE; mini-server config add base --file FILE --context us", clean: cancelled),
        AdviceScene(
            code: "handover.already-redeemed", state: "\(issued); \(redeem)",
            refused: redeem, advice: ["`mini-server handover list`"],
            carriedOut: "mini-server handover list --context us | grep -q $id",
            then: "mini-server handover show $id --context us", clean: cancelled),
        AdviceScene(
            code: "fleet.handover-under-way",
            state: "\(issued); \(redeem); opamp-agent reset --yes --config agent.yaml; token eu > bootstrap",
            refused: "opamp-agent enroll --config agent.yaml --token-file bootstrap",
            advice: ["`mini-server handover cancel $id`"], carriedOut: cancelled),
        AdviceScene(
            code: "federation.ping-certificate-not-accepted",
            state: "mini-server peer disable eu-region --context us",
            refused: "mini-server peer ping us-region --context eu",
            advice: ["`mini-server peer update --certificate`", "`mini-server peer enable`"],
            carriedOut: "mini-server peer enable eu-region --context us"),
        AdviceScene(
            code: "federation.ping-secret-not-accepted",
            state: """
                printf 'opamp-fs.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' > bogus
                mini-server peer set-secret eu-region --direction outbound --secret-file bogus --context us
                """,
            refused: "mini-server peer ping eu-region --context us", advice: ["`mini-server peer set-secret`"],
            carriedOut: """
                mini-server peer rotate-secrets us-region --inbound-only --context eu | tail -n 1 | tr -d ' ' > rotated
                mini-server peer set-secret eu-region --direction outbound --secret-file rotated --context us
                """),
        AdviceScene(
            code: "federation.peer-known",
            refused: "mini-server peer add again --endpoint $us --certificate us.pem --context eu",
            advice: ["`mini-server peer update us-region`"],
            carriedOut: "mini-server peer update us-region --certificate us.pem --context eu",
            then: "mini-server peer ping us-region --context eu"),
        AdviceScene(
            code: "federation.pem-without-ca", state: "openssl x509 -in us.pem -out half.pem",
            refused: "mini-server peer update us-region --certificate half.pem --context eu",
            advice: ["`mini-server peer certificate --show`"],
            carriedOut: "mini-server peer certificate --show --context us > whole.pem",
            then: "mini-server peer update us-region --certificate whole.pem --context eu"),
        AdviceScene(
            code: "federation.pem-without-certificate", state: "mini-server ca bundle --context us > us-ca.pem",
            refused: "mini-server peer update us-region --certificate us-ca.pem --context eu",
            advice: ["`mini-server peer certificate --show`"],
            carriedOut: "mini-server peer certificate --show --context us > whole.pem",
            then: "mini-server peer update us-region --certificate whole.pem --context eu"),
        AdviceScene(
            code: "federation.pem-not-verified", state: "cat half.pem eu-ca.pem > mixed.pem",
            refused: "mini-server peer update us-region --certificate mixed.pem --context eu",
            advice: ["`mini-server peer certificate --show`"],
            carriedOut: "mini-server peer certificate --show --context us > whole.pem",
            then: "mini-server peer update us-region --certificate whole.pem --context eu"),
        AdviceScene(
            code: "federation.other-peer",
            refused: "mini-server peer update us-region --certificate eu.pem --context eu",
            advice: ["`mini-server peer show`"],
            carriedOut: "mini-server peer show us-region --context eu | grep -q $us",
            then: "mini-server peer update us-region --certificate whole.pem --context eu"),
        AdviceScene(
            code: "handover.uid-collision",
            state: """
                uid=$(mini-server agent list --context eu --json | sed -n 's/.*"instanceUID" : "\\(.*\\)".*/\\1/p')
                { agent us elsewhere; echo "instance_uid: $uid"; } > elsewhere.yaml
                token us > bootstrap; opamp-agent enroll --config elsewhere.yaml --token-file bootstrap
                other=$(row_on us); \(issued)
                """,
            refused: redeem,
            advice: ["`mini-server agent revoke $other`", "`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: "mini-server agent revoke $other --context us", clean: cancelled),
        AdviceScene(
            code: "handover.leaf-revoked", state: "mini-server agent revoke $row --context eu",
            refused: issue, advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: """
                opamp-agent reset --yes --config agent.yaml; token eu > bootstrap
                opamp-agent enroll --config agent.yaml --token-file bootstrap; row=$(row_on eu)
                """,
            clean: cancelled),
        AdviceScene(
            code: "handover.endpoint-not-mine",
            state: """
                \(issued); stop us; serve us --public-endpoint wss://localhost:${us##*:}
                """,
            refused: redeem, advice: ["`mini-server peer refresh`"],
            carriedOut: """
                mini-server peer refresh us-region --context eu
                mini-server handover cancel $id --context eu; \(issued)
                """,
            clean: cancelled),
        AdviceScene(
            code: "handover.listener-not-covered",
            state: """
                \(issued); stop us
                openssl req -x509 -newkey rsa:2048 -nodes -keyout KEY -out CERT -days 9 -subj /CN=x \\
                    -addext subjectAltName=DNS:localhost,IP:127.0.0.1
                serve us --listener-cert CERT --listener-key KEY --public-endpoint wss://localhost:${us##*:}
                """,
            refused: redeem, advice: ["`mini-server peer refresh`"],
            carriedOut: """
                until mini-server peer refresh us-region --context eu; do sleep 0.05; done
                mini-server handover cancel $id --context eu; \(issued)
                """,
            clean: cancelled),
        AdviceScene(
            code: "handover.source-unreachable", state: "\(issued); stop eu",
            refused: "mini-server handover preview --token-file token --context us",
            advice: ["`mini-server peer ping eu-region`"],
            carriedOut: """
                serve eu; mini-server peer ping eu-region --context us
                """,
            clean: cancelled),
        AdviceScene(
            code: "federation.handovers-open", state: issued,
            refused: "mini-server peer remove us-region --context eu",
            advice: ["`mini-server handover list --open`", "`mini-server handover cancel`"],
            carriedOut: "mini-server handover cancel $(open_on eu) --context eu",
            clean: """
                mini-server peer certificate --show --context us > us.pem
                mini-server peer add us-region --endpoint $us --certificate us.pem --inbound-secret-file rotated \\
                    --outbound-secret-file us-inbound --context eu
                mini-server peer ping us-region --context eu
                """),
        AdviceScene(
            code: "federation.messages-waiting",
            state: """
                \(issued); \(redeem); stop us
                mini-server handover cancel $id --context eu
                """,
            refused: "mini-server peer remove us-region --context eu",
            advice: ["`mini-server peer ping us-region`", "`mini-server peer remove us-region --drop-messages`"],
            carriedOut: "! mini-server peer ping us-region --context eu",
            then: "mini-server peer remove us-region --drop-messages --context eu"),
    ]
}
