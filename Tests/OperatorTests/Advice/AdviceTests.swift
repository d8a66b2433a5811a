import Testing

/// What a refusal advises, carried out: the refusal is gone. `AdviceLedger` says where each other code is shown.
@Suite(.timeLimit(.minutes(5))) struct AdviceTests {
    /// One refusal in a story that bash tells.
    struct Scene: Sendable {
        let code: String
        /// What the program prints instead, where it says the message as part of another.
        var printed: String?
        /// Brings the system into the state that refuses.
        var state = ""
        let refused: String
        /// What the message says, as far as it is a command or an option; with the story's variables.
        let advice: [String]
        /// The advice as it is typed.
        let carriedOut: String
        /// Refused before, and not any more; absent, it is the very same command.
        var then: String?
        /// The next thing that is missing, when that is another refusal.
        var thenRefused: String?
        /// Leaves the system as the next scene expects it.
        var clean = ""
    }

    private func play(_ scenes: [Scene], in shell: Shell) async throws {
        for scene in scenes {
            if !scene.state.isEmpty { try await shell.type(scene.state) }
            let said = try await shell.refused(scene.refused)
            #expect(said.contains(scene.printed ?? scene.code), "\(scene.code): \(said)")
            for advice in scene.advice {
                let words = try await shell.type("printf %s \"\(advice.replacing("`", with: "\\`"))\"")
                #expect(said.contains(words), "\(scene.code) does not advise \(words): \(said)")
            }
            try await shell.type(scene.carriedOut)
            let then = scene.then ?? scene.refused
            if let next = scene.thenRefused {
                let said = try await shell.refused(then)
                #expect(said.contains(next), "\(scene.code): \(said)")
            } else {
                try await shell.type(then)
            }
            if !scene.clean.isEmpty { try await shell.type(scene.clean) }
        }
    }

    /// The story's helpers. `door` knocks at the OpAMP endpoint as an agent does, with the arguments of `s_client`.
    private static let helpers = """
        umask 077
        ids() { sed -n 's/.*"id" : "\\(.*\\)".*/\\1/p'; }
        row_on() { mini-server agent list --context $1 --json | ids | tail -n 1; }
        open_on() { mini-server handover list --open --context $1 --json | ids | head -n 1; }
        row_of() { mini-server agent list --context eu --query $(cat $1/identity) --json | ids | tail -n 1; }
        key() { mini-server ca list --context eu | awk -v state=$1 '$1 == state { print $NF }' | head -n 1; }
        token() { mini-server bootstrap-token create --context $1; }
        agent() {
            printf 'server:\\n  endpoint: wss://%s/v1/opamp\\ntls:\\n  ca_file: %s-ca.pem\\n' "${2#https://}" $1
            printf 'storage:\\n  directory: %s\\n' $3
        }
        door() {
            { printf 'POST /v1/opamp HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Type: application/x-protobuf\\r\\n'
              printf '%sContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n' "$header"
            } | openssl s_client -quiet -connect ${eu#https://} -CAfile eu-ca.pem "$@" 2> door.log > door.said || true
            cat door.said; head -n 1 door.said | grep -q ' 200 '
        }
        """

    // MARK: - One server

    static let ofOneServer = [
        Scene(
            code: "operator.not-authenticated",
            refused: "mini-server agent list --context eu --token opamp-pat.gone",
            advice: ["mini-server operator-token create NAME --role ROLE"],
            carriedOut: "mini-server operator-token create someone --role viewer --context eu > someone.token",
            then: "mini-server agent list --context eu --operator-token-file someone.token"),
        Scene(
            code: "operator.role-too-low",
            state: "mini-server operator-token create low --role viewer --context eu > low.token",
            refused: "mini-server group add web --context eu --operator-token-file low.token",
            advice: ["mini-server operator-token create NAME --role operator"],
            carriedOut: "mini-server operator-token create other --role operator --context eu > high.token",
            then: "mini-server group add web --context eu --operator-token-file high.token",
            clean: "mini-server group remove web --context eu"),
        Scene(
            code: "fleet.group-missing",
            refused: "mini-server bootstrap-token create --group web --context eu",
            advice: ["`mini-server group add web`"], carriedOut: "mini-server group add web --context eu"),
        Scene(
            code: "fleet.configuration-missing",
            refused: "mini-server group add web --config base --context eu",
            advice: ["`mini-server config add base --file FILE`"],
            carriedOut: "echo 'a: 1' > FILE; mini-server config add base --file FILE --context eu"),
        Scene(
            code: "fleet.in-use",
            refused: "mini-server config remove base --context eu",
            advice: ["`mini-server group add`"],
            carriedOut: "mini-server group add web --no-config --context eu"),
        Scene(
            code: "ca.key-not-draft",
            refused: "mini-server ca rotate --activate $(key active) --context eu",
            advice: ["`mini-server ca rotate --draft`"],
            carriedOut: "mini-server ca rotate --draft --context eu",
            then: "mini-server ca rotate --activate $(key draft) --context eu"),
        Scene(
            code: "ca.key-not-trusted", state: "only=$(key active)",
            refused: "mini-server ca retire $only --context eu",
            advice: ["`mini-server ca rotate`"],
            carriedOut: "mini-server ca rotate --context eu", thenRefused: "ca.key-still-needed"),
        Scene(
            code: "ca.too-many-keys",
            state: "for i in 1 2 3 4 5; do mini-server ca rotate --draft --context eu; done",
            refused: "mini-server ca rotate --draft --context eu",
            advice: ["`mini-server ca list`", "`mini-server ca discard`"],
            carriedOut: "mini-server ca discard $(key draft) --context eu"),
        Scene(
            code: "client.no-certificate",
            refused: "mini-server peer certificate --show --context eu",
            advice: ["`mini-server peer certificates`", "--subject"],
            carriedOut: "mini-server peer certificates --context eu; "
                + "mini-server peer certificate --subject NAME --context eu"),
        Scene(
            code: "pem.encrypted-key", printed: "authority.listener-files",
            state: """
                openssl req -x509 -newkey rsa:2048 -nodes -keyout KEY0 -out CERT -days 9 -subj /CN=x \\
                    -addext subjectAltName=DNS:localhost,IP:127.0.0.1
                openssl pkey -in KEY0 -aes256 -passout pass:x -out KEY
                """,
            refused:
                "mini-server serve --data-dir a --name a --listen 127.0.0.1:0 --listener-cert CERT --listener-key KEY",
            advice: ["`openssl pkey -in KEY -out KEY2`"],
            carriedOut: "openssl pkey -in KEY -out KEY2 -passin pass:x",
            then: """
                mini-server serve --data-dir a --name a --listen 127.0.0.1:0 --listener-cert CERT --listener-key KEY2 \\
                    > a.log 2>&1 &
                until grep -q 'listening on' a.log; do kill -0 $!; sleep 0.05; done
                """),
        Scene(
            code: "pem.trusted-certificate", printed: "authority.listener-files",
            state: "openssl x509 -in CERT -trustout -addtrust serverAuth -out FILE",
            refused:
                "mini-server serve --data-dir b --name b --listen 127.0.0.1:0 --listener-cert FILE --listener-key KEY2",
            advice: ["`openssl x509 -in FILE -out FILE2`"],
            carriedOut: "openssl x509 -in FILE -out FILE2",
            then: """
                mini-server serve --data-dir b --name b --listen 127.0.0.1:0 --listener-cert FILE2 --listener-key KEY2 \\
                    > b.log 2>&1 &
                until grep -q 'listening on' b.log; do kill -0 $!; sleep 0.05; done
                """),
        Scene(
            code: "client.no-context",
            refused: "mini-server agent list --context us",
            advice: ["Start the server once with --data-dir us"],
            carriedOut: """
                mini-server serve --data-dir us --name us --listen 127.0.0.1:0 --write-admin-token us.token > us.log 2>&1 &
                until test -e us/context.json; do sleep 0.05; done
                """),
        Scene(
            code: "client.context-unreadable",
            state: "echo '{' > us/context.json; server=$!",
            refused: "mini-server agent list --context us",
            advice: ["Restart the server with --data-dir us"],
            carriedOut: """
                kill $server; wait $server
                mini-server serve --data-dir us --name us --listen 127.0.0.1:0 > again.log 2>&1 &
                until grep -q 'listening on' again.log; do sleep 0.05; done
                """,
            then: "mini-server agent list --context us --operator-token-file us.token"),
    ]

    @Test func `a command that one server's refusal advises ends the refusal`() async throws {
        try await Shell.open { shell in
            try await shell.serve("eu", "--listen 127.0.0.1:0 --write-admin-token eu.token")
            try await shell.type(Self.helpers)
            try await play(Self.ofOneServer, in: shell)
        }
    }

    // MARK: - One server and a host

    static let ofAHost = [
        Scene(
            code: "enrolment.no-token",
            refused: "opamp-agent enroll --config agent.yaml",
            advice: ["`mini-server bootstrap-token create`", "--token-file"],
            carriedOut: "token eu > bootstrap",
            then: "opamp-agent enroll --config agent.yaml --token-file bootstrap"),
        Scene(
            code: "enrolment.nothing-to-renew", state: "agent eu $eu second > second.yaml; token eu > bootstrap",
            refused: "opamp-agent enroll --renew --config second.yaml --token-file bootstrap",
            advice: ["Run `opamp-agent enroll` with a bootstrap token and without --renew"],
            carriedOut: "opamp-agent enroll --config second.yaml --token-file bootstrap",
            then: "opamp-agent enroll --renew --config second.yaml"),
        Scene(
            code: "enrolment.http-401", state: "agent eu $eu third > third.yaml",
            refused: "opamp-agent enroll --config third.yaml --token opamp-bt.unknown",
            advice: ["`mini-server bootstrap-token create`"],
            carriedOut: "token eu > bootstrap",
            then: "opamp-agent enroll --config third.yaml --token-file bootstrap"),
        Scene(
            code: "fleet.bootstrap-used", state: "agent eu $eu fourth > fourth.yaml",
            refused: "opamp-agent enroll --config fourth.yaml --token-file bootstrap",
            advice: ["`mini-server bootstrap-token create`"],
            carriedOut: "token eu > bootstrap",
            then: "opamp-agent enroll --config fourth.yaml --token-file bootstrap"),
        Scene(
            code: "fleet.bootstrap-unknown",
            state: "header=$'Authorization: Bearer opamp-bt.unknown\\r\\n'",
            refused: "door", advice: ["`mini-server bootstrap-token create`"],
            carriedOut: "header=\"Authorization: Bearer $(token eu)\"$'\\r\\n'", clean: "header="),
        Scene(
            code: "fleet.leaf-absent", refused: "door", advice: ["`opamp-agent enroll`"],
            carriedOut: "token eu > bootstrap; opamp-agent enroll --config agent.yaml --token-file bootstrap",
            then: "door -cert agent-state/leaf.pem -key agent-state/leaf.key"),
        Scene(
            code: "fleet.leaf-unknown",
            state: """
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.pem -days 9 \\
                    -subj /CN=x -addext extendedKeyUsage=clientAuth
                """,
            refused: "door -cert other.pem -key other.key",
            advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: """
                opamp-agent reset --yes --config third.yaml; token eu > bootstrap
                opamp-agent enroll --config third.yaml --token-file bootstrap
                """,
            then: "door -cert third/leaf.pem -key third/leaf.key"),
        Scene(
            code: "enrolment.http-403",
            state: "mini-server agent revoke $(row_of third) --context eu",
            refused: "opamp-agent enroll --config third.yaml",
            advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: "opamp-agent reset --yes --config third.yaml; token eu > bootstrap",
            then: "opamp-agent enroll --config third.yaml --token-file bootstrap"),
        Scene(
            code: "fleet.leaf-revoked",
            state: "mini-server agent revoke $(row_of third) --context eu",
            refused: "door -cert third/leaf.pem -key third/leaf.key",
            advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: """
                opamp-agent reset --yes --config third.yaml; token eu > bootstrap
                opamp-agent enroll --config third.yaml --token-file bootstrap
                """),
        Scene(
            code: "state.lost",
            // As a handover leaves it.
            state:
                "echo moved > third/adopted; for file in connection connection.previous; do echo nonsense > third/$file; done",
            refused: "opamp-agent run --config third.yaml", advice: ["`opamp-agent reset --yes`"],
            carriedOut: "opamp-agent reset --yes --config third.yaml; token eu > bootstrap",
            then: "opamp-agent enroll --config third.yaml --token-file bootstrap"),
        Scene(
            code: "file.corrupt",
            state: "for file in connection connection.previous; do echo nonsense > third/$file; done",
            refused: "opamp-agent status --config third.yaml", advice: ["`opamp-agent reset`"],
            carriedOut: "opamp-agent reset --yes --config third.yaml",
            then: "opamp-agent status --config third.yaml"),
        // The server is another one at the same place; the host has its CA, and no use for it.
        Scene(
            code: "enrolment.tls-untrusted",
            state: """
                kill $server; wait $server; rm -rf eu
                mini-server serve --data-dir eu --name eu --listen ${eu#https://} --write-admin-token eu.token > eu2.log 2>&1 &
                until grep -q 'listening on' eu2.log; do kill -0 $!; sleep 0.05; done
                mini-server ca bundle --context eu > eu-ca.pem
                """,
            refused: "opamp-agent enroll --config agent.yaml --token \"$(token eu)\"",
            advice: ["`opamp-agent reset --yes`"],
            carriedOut: "opamp-agent reset --yes --config agent.yaml"),
    ]

    @Test func `a command that a host's refusal advises ends the refusal`() async throws {
        try await Shell.open { shell in
            let origin = try await shell.serve("eu", "--listen 127.0.0.1:0 --write-admin-token eu.token")
            try await shell.type(Self.helpers)
            try await shell.type(
                """
                eu=\(origin); header=
                mini-server ca bundle --context eu > eu-ca.pem; agent eu $eu agent-state > agent.yaml
                """)
            try await play(Self.ofAHost, in: shell)
        }
    }

    // MARK: - Two servers

    private static let issue = "mini-server handover issue $row --to us-region --context eu"
    private static let issued = "\(issue) > issued; tail -n 1 issued > token; id=$(open_on eu)"
    private static let cancelled = """
        mini-server handover cancel $(open_on eu) --context eu
        until mini-server handover list --open --context us | grep -q '(none)'; do sleep 0.05; done
        """
    private static let redeem = "mini-server handover redeem --token-file token --context us"

    static let ofTwoServers = [
        Scene(
            code: "call.no-certificate", refused: "mini-server peer ping us-region --context eu",
            advice: ["`mini-server peer certificate --subject NAME`", "`mini-server peer add`"],
            carriedOut: """
                mini-server peer certificate --subject NAME --context eu > eu.pem
                mini-server peer add eu-region --endpoint $eu --certificate eu.pem --context us
                """,
            thenRefused: "call.no-secret"),
        Scene(
            code: "call.no-secret",
            state: """
                mini-server peer rotate-secrets eu-region --context us > shown
                sed -n '/^inbound/{n;s/ //g;p}' shown > us-inbound; sed -n '/^outbound/{n;s/ //g;p}' shown > us-outbound
                """,
            refused: "mini-server peer ping us-region --context eu",
            advice: ["`mini-server peer set-secret us-region --direction outbound`"],
            carriedOut:
                "mini-server peer set-secret us-region --direction outbound --secret-file us-inbound --context eu"),
        Scene(
            code: "handover.peer-incomplete", refused: issue,
            advice: ["`mini-server peer set-secret`", "`mini-server peer ping us-region`"],
            carriedOut: """
                mini-server peer set-secret us-region --direction inbound --secret-file us-outbound --context eu
                mini-server peer ping us-region --context eu
                """,
            clean: cancelled),
        Scene(
            code: "not-found.agent",
            refused: "mini-server handover issue 01a21e91-5062-766c-9d62-ee7b70da8ee9 --to us-region --context eu",
            advice: ["`mini-server agent list`"], carriedOut: "mini-server agent list --context eu | grep -q $row",
            then: issue, clean: cancelled),
        Scene(
            code: "not-found.peer",
            refused: "mini-server handover issue $row --to nowhere --context eu",
            advice: ["`mini-server peer list`"], carriedOut: "mini-server peer list --context eu | grep -q us-region",
            then: issue, clean: cancelled),
        Scene(
            code: "handover.peer-disabled", state: "mini-server peer disable us-region --context eu",
            refused: issue, advice: ["`mini-server peer enable us-region`"],
            carriedOut: "mini-server peer enable us-region --context eu", clean: cancelled),
        Scene(
            code: "handover.handover-open", state: issued,
            refused: issue, advice: ["`mini-server handover cancel $id`"],
            carriedOut: "mini-server handover cancel $id --context eu", clean: cancelled),
        Scene(
            code: "handover.group-missing", state: issued,
            refused: "\(redeem) --group web", advice: ["`mini-server group add web`"],
            carriedOut: "mini-server group add web --context us", clean: cancelled),
        Scene(
            code: "handover.configuration-missing", state: issued,
            refused: "\(redeem) --config base", advice: ["`mini-server config add base --file FILE`"],
            carriedOut: "echo 'a: 1' > FILE; mini-server config add base --file FILE --context us", clean: cancelled),
        Scene(
            code: "handover.already-redeemed", state: "\(issued); \(redeem)",
            refused: redeem, advice: ["`mini-server handover list`"],
            carriedOut: "mini-server handover list --context us | grep -q $id",
            then: "mini-server handover show $id --context us", clean: cancelled),
        Scene(
            code: "fleet.handover-under-way",
            state: "\(issued); \(redeem); opamp-agent reset --yes --config agent.yaml; token eu > bootstrap",
            refused: "opamp-agent enroll --config agent.yaml --token-file bootstrap",
            advice: ["`mini-server handover cancel $id`"], carriedOut: cancelled),
        Scene(
            code: "federation.ping-certificate-not-accepted",
            state: "mini-server peer disable eu-region --context us",
            refused: "mini-server peer ping us-region --context eu",
            advice: ["`mini-server peer update --certificate`", "`mini-server peer enable`"],
            carriedOut: "mini-server peer enable eu-region --context us"),
        Scene(
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
        Scene(
            code: "federation.peer-known",
            refused: "mini-server peer add again --endpoint $us --certificate us.pem --context eu",
            advice: ["`mini-server peer update us-region`"],
            carriedOut: "mini-server peer update us-region --certificate us.pem --context eu",
            then: "mini-server peer ping us-region --context eu"),
        Scene(
            code: "federation.pem-without-ca", state: "openssl x509 -in us.pem -out half.pem",
            refused: "mini-server peer update us-region --certificate half.pem --context eu",
            advice: ["`mini-server peer certificate --show`"],
            carriedOut: "mini-server peer certificate --show --context us > whole.pem",
            then: "mini-server peer update us-region --certificate whole.pem --context eu"),
        Scene(
            code: "federation.pem-without-certificate", state: "mini-server ca bundle --context us > us-ca.pem",
            refused: "mini-server peer update us-region --certificate us-ca.pem --context eu",
            advice: ["`mini-server peer certificate --show`"],
            carriedOut: "mini-server peer certificate --show --context us > whole.pem",
            then: "mini-server peer update us-region --certificate whole.pem --context eu"),
        Scene(
            code: "federation.pem-not-verified", state: "cat half.pem eu-ca.pem > mixed.pem",
            refused: "mini-server peer update us-region --certificate mixed.pem --context eu",
            advice: ["`mini-server peer certificate --show`"],
            carriedOut: "mini-server peer certificate --show --context us > whole.pem",
            then: "mini-server peer update us-region --certificate whole.pem --context eu"),
        Scene(
            code: "federation.other-peer",
            refused: "mini-server peer update us-region --certificate eu.pem --context eu",
            advice: ["`mini-server peer show`"],
            carriedOut: "mini-server peer show us-region --context eu | grep -q $us",
            then: "mini-server peer update us-region --certificate whole.pem --context eu"),
        Scene(
            code: "handover.uid-collision",
            state: """
                uid=$(mini-server agent list --context eu --json | sed -n 's/.*"instanceUID" : "\\(.*\\)".*/\\1/p')
                { agent us $us elsewhere; echo "instance_uid: $uid"; } > elsewhere.yaml
                token us > bootstrap; opamp-agent enroll --config elsewhere.yaml --token-file bootstrap
                other=$(row_on us); \(issued)
                """,
            refused: redeem,
            advice: ["`mini-server agent revoke $other`", "`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: "mini-server agent revoke $other --context us", clean: cancelled),
        Scene(
            code: "handover.leaf-revoked", state: "mini-server agent revoke $row --context eu",
            refused: issue, advice: ["`opamp-agent reset --yes`", "`opamp-agent enroll`"],
            carriedOut: """
                opamp-agent reset --yes --config agent.yaml; token eu > bootstrap
                opamp-agent enroll --config agent.yaml --token-file bootstrap; row=$(row_on eu)
                """,
            clean: cancelled),
        Scene(
            code: "handover.endpoint-not-mine",
            state: """
                \(issued); kill $us_server; wait $us_server
                mini-server serve --data-dir us --name us-region --listen ${us#https://} \\
                    --public-endpoint wss://localhost:${us##*:} > us2.log 2>&1 & us_server=$!
                until grep -q 'listening on' us2.log; do kill -0 $!; sleep 0.05; done
                """,
            refused: redeem, advice: ["`mini-server peer refresh`"],
            carriedOut: """
                mini-server peer refresh us-region --context eu
                mini-server handover cancel $id --context eu; \(issued)
                """,
            clean: cancelled),
        Scene(
            code: "handover.listener-not-covered",
            state: """
                \(issued); kill $us_server; wait $us_server
                openssl req -x509 -newkey rsa:2048 -nodes -keyout KEY -out CERT -days 9 -subj /CN=x \\
                    -addext subjectAltName=DNS:localhost,IP:127.0.0.1
                mini-server serve --data-dir us --name us-region --listen ${us#https://} --listener-cert CERT \\
                    --listener-key KEY --public-endpoint wss://localhost:${us##*:} > us3.log 2>&1 & us_server=$!
                until grep -q 'listening on' us3.log; do kill -0 $!; sleep 0.05; done
                """,
            refused: redeem, advice: ["`mini-server peer refresh`"],
            carriedOut: """
                until mini-server peer refresh us-region --context eu; do sleep 0.05; done
                mini-server handover cancel $id --context eu; \(issued)
                """,
            clean: cancelled),
        Scene(
            code: "handover.source-unreachable", state: "\(issued); kill $eu_server; wait $eu_server",
            refused: "mini-server handover preview --token-file token --context us",
            advice: ["`mini-server peer ping eu-region`"],
            carriedOut: """
                mini-server serve --data-dir eu --name eu-region --listen ${eu#https://} > eu2.log 2>&1 & eu_server=$!
                until grep -q 'listening on' eu2.log; do kill -0 $!; sleep 0.05; done
                mini-server peer ping eu-region --context us
                """,
            clean: cancelled),
        Scene(
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
        Scene(
            code: "federation.messages-waiting",
            state: """
                \(issued); \(redeem); kill $us_server; wait $us_server
                mini-server handover cancel $id --context eu
                """,
            refused: "mini-server peer remove us-region --context eu",
            advice: ["`mini-server peer ping us-region`", "`mini-server peer remove us-region --drop-messages`"],
            carriedOut: "! mini-server peer ping us-region --context eu",
            then: "mini-server peer remove us-region --drop-messages --context eu"),
    ]

    @Test func `a command that a refusal between two servers advises ends the refusal`() async throws {
        try await Shell.open { shell in
            var story = Self.helpers + "\n"
            for name in ["eu", "us"] {
                let origin = try await shell.serve(
                    name, "--listen 127.0.0.1:0 --write-admin-token \(name).token --name \(name)-region")
                story += "\(name)=\(origin); mini-server ca bundle --context \(name) > \(name)-ca.pem\n"
                try await shell.type("\(name)_server=$server")
            }
            try await shell.type(
                story + """
                    agent eu $eu agent-state > agent.yaml; token eu > bootstrap
                    opamp-agent enroll --config agent.yaml --token-file bootstrap; row=$(row_on eu)
                    mini-server peer certificate --subject us --context us > us.pem
                    mini-server peer add us-region --endpoint $us --certificate us.pem --context eu
                    """)
            try await play(Self.ofTwoServers, in: shell)
        }
    }

    // MARK: - A start

    /// A start that is refused, and the same start with the option that the message advises.
    @Test(arguments: [
        (
            "address.unspecified", "--listen 0.0.0.0:0",
            "--listen 0.0.0.0:0 --public-endpoint wss://localhost:4320/v1/opamp"
        ),
        (
            "address.public-endpoint", "--listen 127.0.0.1:0 --public-endpoint https://localhost:4320/x",
            "--listen 127.0.0.1:0 --public-endpoint wss://localhost:4320/v1/opamp"
        ),
        ("listener.address-not-ours", "--listen 192.0.2.1:0", "--listen 127.0.0.1:0"),
        (
            "address.certificate-untrusted", "--listen 127.0.0.1:0 --listener-cert leaf.pem --listener-key leaf.key",
            "--listen 127.0.0.1:0 --listener-cert chain.pem --listener-key leaf.key"
        ),
        (
            "address.certificate-name",
            "--listen 127.0.0.1:0 --public-endpoint wss://eu.example:4320 --listener-cert chain.pem --listener-key leaf.key",
            "--listen 127.0.0.1:0 --public-endpoint wss://localhost:4320 --listener-cert chain.pem --listener-key leaf.key"
        ),
    ]) func `an option that a refused start advises lets the server start`(
        code: String, refused: String, advised: String
    ) async throws {
        try await Shell.open { shell in
            try await shell.type(
                """
                openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 9 -subj /CN=root
                openssl req -new -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=localhost
                printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' > leaf.ext
                openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -set_serial 7 -days 9 -extfile leaf.ext \\
                    -out leaf.pem
                cat leaf.pem root.pem > chain.pem
                """)
            let said = try await shell.refused("mini-server serve --data-dir eu --name eu \(refused)")
            #expect(said.contains(code), "\(said)")
            try await shell.serve("eu", advised)
        }
    }
}
