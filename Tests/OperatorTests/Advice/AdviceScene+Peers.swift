extension AdviceScene {
    /// Three servers, of which two show certificates of one CA of the company, and an agent of the first.
    static let companyOfServers = """
        openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 99 -subj /CN=root
        openssl req -new -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=localhost
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' > leaf.ext
        openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -set_serial 7 -days 99 -extfile leaf.ext -out leaf.pem
        cat leaf.pem root.pem > chain.pem
        company='--listener-cert chain.pem --listener-key leaf.key'
        serve eu; serve us $company; serve ap $company
        for name in eu us ap; do mini-server peer certificate --subject $name --context $name > $name.pem; done
        secret() { printf 'opamp-fs.%s' $(openssl rand -base64 32 | tr '+/' '-_' | tr -d =); }
        secret > to-eu; secret > from-eu; secret > bogus
        join() {
            mini-server peer add $2-region --endpoint ${!2} --certificate $2.pem --inbound-secret-file $3 \\
                --outbound-secret-file $4 --context $1
        }
        join eu us to-eu from-eu; join us eu from-eu to-eu; join ap eu from-eu to-eu
        mini-server peer ping us-region --context eu; mini-server peer ping eu-region --context us
        agent eu agent-state > agent.yaml; enroll eu agent.yaml; row=$(row_on eu)
        leaf='-cert agent-state/leaf.pem -key agent-state/leaf.key'
        instead() {
            openssl s_server -accept ${us#https://} -cert leaf.pem -key leaf.key $1 > instead.log 2>&1 & instead=$!
            until grep -q ACCEPT instead.log; do kill -0 $instead; sleep 0.05; done
        }
        paused() {
            local said
            until said=$(mini-server peer ping us-region --context eu 2>&1); do
                case $said in *too-many-wrong-secrets*) echo "$said"; return 1 ;; esac
            done
        }

        """
    private static let ping = "mini-server peer ping us-region --context eu"

    static let ofThreeServers = [
        AdviceScene(
            code: "federation.ping-other-peer",
            state: "mini-server peer update us-region --endpoint $ap --context eu",
            refused: ping, advice: ["`mini-server peer update --endpoint`"],
            carriedOut: "mini-server peer update us-region --endpoint $us --context eu"),
        AdviceScene(
            code: "federation.ping-not-a-peer", state: "stop us; instead -www",
            refused: ping, advice: ["`mini-server peer show`"],
            carriedOut: """
                mini-server peer show us-region --context eu | grep -q "^endpoint *$us/"
                kill $instead; wait $instead || true; serve us $company
                """),
        AdviceScene(
            code: "federation.ping-server-error",
            // A proxy before the peer, which finds it dead.
            state: """
                stop us; mkdir -p api/federation
                printf 'HTTP/1.1 503 Service Unavailable\\r\\nContent-Length: 0\\r\\n\\r\\n' > api/federation/ping
                instead -HTTP
                """,
            refused: ping, advice: ["Read the peer's log", "`mini-server audit list`"],
            carriedOut: """
                tail -n 1 us.log; kill $instead; wait $instead || true; serve us $company
                mini-server audit list --context us
                """),
        AdviceScene(
            code: "federation.ping-too-many-wrong-secrets",
            state: "mini-server peer set-secret us-region --direction outbound --secret-file bogus --context eu",
            refused: "paused", advice: ["`mini-server peer set-secret`", "after 30 s"],
            carriedOut: """
                mini-server peer set-secret us-region --direction outbound --secret-file from-eu --context eu
                mini-server peer set-secret eu-region --direction inbound --secret-file from-eu --context us
                """,
            then: "until \(ping); do sleep 1; done"),
        AdviceScene(
            code: "fleet.leaf-not-awaited",
            state: """
                \(issued); \(redeem); gone=$id; \(cancelled); \(issued); \(redeem)
                header="Handover-Id: $gone"$'\\r\\n'
                """,
            refused: "door us $leaf", advice: ["`mini-server handover list`", "issue another token"],
            carriedOut: """
                for name in eu us; do mini-server handover list --context $name | grep -q $gone; done
                \(cancelled); \(issued); \(redeem); header="Handover-Id: $id"$'\\r\\n'
                """,
            clean: cancelled),
        AdviceScene(
            code: "fleet.leaf-early",
            state: "\(issued); stop eu; \(redeem) || true; header=\"Handover-Id: $id\"$'\\r\\n'",
            refused: "door us $leaf", advice: ["`mini-server peer ping`"],
            carriedOut: """
                serve eu; mini-server peer ping eu-region --context us
                until mini-server handover show $id --context us | grep -q awaiting; do sleep 0.05; done
                """,
            clean: "header=; \(cancelled)"),
        AdviceScene(
            code: "handover.leaf-not-valid",
            state: """
                stop eu; CLOCK_SHIFT=172800 serve eu
                opamp-agent reset --yes --config agent.yaml; enroll eu agent.yaml; stop eu; serve eu
                """,
            refused: issue, advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: "opamp-agent reset --yes --config agent.yaml; enroll eu agent.yaml", clean: cancelled),
        AdviceScene(
            code: "fleet.leaf-not-here",
            // A host that was restored from an image.
            state: """
                cp -r agent-state image; opamp-agent enroll --renew --config agent.yaml; stop eu; cp -r eu backup; serve eu
                opamp-agent run --config agent.yaml > agent.log 2>&1 & agent=$!
                \(issue) --probation 0s > issued; tail -n 1 issued > token; id=$(open_on eu); \(redeem)
                until mini-server handover show $id --context eu | grep -q 'phase *settled'; do sleep 0.05; done
                """,
            refused: "door eu -cert image/leaf.pem -key image/leaf.key",
            advice: ["`mini-server handover list --agent $row`"],
            carriedOut: "mini-server handover list --agent $row --context eu | grep -q 'settled *us-region'",
            then: "door us $leaf"),
        AdviceScene(
            code: "handover.agent-here",
            // The source is set back to before the agent went, and learns its epoch from the refusal of a first token.
            state: """
                kill $agent; wait $agent; stop eu; rm -r eu; cp -r backup eu; serve eu; \(issued)
                epoch=$(\(redeem) 2>&1 | sed -n 's/.*--later-than \\([0-9]*\\).*/\\1/p' || true); \(cancelled)
                \(issue) --later-than $epoch > issued; tail -n 1 issued > token
                """,
            refused: redeem, advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: """
                opamp-agent reset --yes --config agent.yaml
                agent us agent-state | sed 's/us-ca/root/' > agent.yaml; enroll us agent.yaml
                """,
            then: "opamp-agent run --config agent.yaml > agent.log 2>&1 & until live_on us; do sleep 0.05; done"),
    ]
}
