extension AdviceScene {
    /// `altered` is somebody who can write to the database, and does not ask the server.
    static let ofOneServer = [
        AdviceScene(
            code: "operator.not-authenticated",
            refused: "mini-server agent list --context eu --token opamp-pat.gone",
            advice: ["mini-server operator-token create NAME --role ROLE"],
            carriedOut: "mini-server operator-token create someone --role viewer --context eu > someone.token",
            then: "mini-server agent list --context eu --operator-token-file someone.token"),
        AdviceScene(
            code: "operator.role-too-low",
            state: "mini-server operator-token create low --role viewer --context eu > low.token",
            refused: "mini-server group add web --context eu --operator-token-file low.token",
            advice: ["mini-server operator-token create NAME --role operator"],
            carriedOut: "mini-server operator-token create other --role operator --context eu > high.token",
            then: "mini-server group add web --context eu --operator-token-file high.token",
            clean: "mini-server group remove web --context eu"),
        AdviceScene(
            code: "fleet.group-missing",
            refused: "mini-server bootstrap-token create --group web --context eu",
            advice: ["`mini-server group add web`"], carriedOut: "mini-server group add web --context eu"),
        AdviceScene(
            code: "fleet.configuration-missing",
            refused: "mini-server group add web --config base --context eu",
            advice: ["`mini-server config add base --file FILE`"],
            carriedOut: "echo 'a: 1' > FILE; mini-server config add base --file FILE --context eu"),
        AdviceScene(
            code: "fleet.in-use",
            refused: "mini-server config remove base --context eu",
            advice: ["`mini-server group add`"],
            carriedOut: "mini-server group add web --no-config --context eu"),
        AdviceScene(
            code: "ca.key-not-draft",
            refused: "mini-server ca rotate --activate $(key active) --context eu",
            advice: ["`mini-server ca rotate --draft`"],
            carriedOut: "mini-server ca rotate --draft --context eu",
            then: "mini-server ca rotate --activate $(key draft) --context eu"),
        AdviceScene(
            code: "ca.key-not-trusted", state: "only=$(key active)",
            refused: "mini-server ca retire $only --context eu",
            advice: ["`mini-server ca rotate`"],
            carriedOut: "mini-server ca rotate --context eu", thenRefused: "ca.key-still-needed"),
        AdviceScene(
            code: "ca.too-many-keys",
            state: "for i in 1 2 3 4 5; do mini-server ca rotate --draft --context eu; done",
            refused: "mini-server ca rotate --draft --context eu",
            advice: ["`mini-server ca list`", "`mini-server ca discard`"],
            carriedOut: "mini-server ca discard $(key draft) --context eu"),
        AdviceScene(
            code: "client.no-certificate",
            refused: "mini-server peer certificate --show --context eu",
            advice: ["`mini-server peer certificates`", "--subject"],
            carriedOut: "mini-server peer certificates --context eu; "
                + "mini-server peer certificate --subject NAME --context eu"),
        AdviceScene(
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
            then: "serve a --listener-cert CERT --listener-key KEY2"),
        AdviceScene(
            code: "pem.trusted-certificate", printed: "authority.listener-files",
            state: "openssl x509 -in CERT -trustout -addtrust serverAuth -out FILE",
            refused:
                "mini-server serve --data-dir b --name b --listen 127.0.0.1:0 --listener-cert FILE --listener-key KEY2",
            advice: ["`openssl x509 -in FILE -out FILE2`"],
            carriedOut: "openssl x509 -in FILE -out FILE2",
            then: "serve b --listener-cert FILE2 --listener-key KEY2"),
        AdviceScene(
            code: "certificate.refused", printed: "address.certificate",
            state: """
                printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n1.2.3.4=critical,ASN1:UTF8String:x\\n' > EXTENSIONS
                openssl req -x509 -newkey rsa:2048 -nodes -keyout ROOT.key -out ROOT -days 9 -subj /CN=root
                openssl req -new -key KEY2 -out REQUEST -subj /CN=localhost
                signed() {
                    openssl x509 -req -in REQUEST -CA ROOT -CAkey ROOT.key -set_serial 7 -days 9 -extfile EXTENSIONS > LEAF
                    cat LEAF ROOT > CHAIN
                }
                signed
                """,
            refused:
                "mini-server serve --data-dir c --name c --listen 127.0.0.1:0 --listener-cert CHAIN --listener-key KEY2",
            advice: ["OpenSSL says: unhandled critical extension", "`openssl verify`"],
            carriedOut: """
                ! openssl verify -CAfile ROOT LEAF > verdict 2>&1; grep -q 'unhandled critical extension' verdict
                sed -i '$d' EXTENSIONS; signed; openssl verify -CAfile ROOT LEAF
                """,
            then: "serve c --listener-cert CHAIN --listener-key KEY2"),
        AdviceScene(
            code: "audit.broken",
            state: """
                altered() {
                    stop eu; python3 -c "import sqlite3, sys
                database = sqlite3.connect('eu/server.sqlite')
                for statement in sys.argv[1:]: database.execute(statement)
                database.commit()" "$@"; serve eu
                }
                stop eu; cp -r eu backup; serve eu
                altered 'DROP TRIGGER audit_never_changes' "UPDATE audit SET actor = 'nobody' WHERE sequence = 2"
                """,
            refused: "mini-server audit prune --before 0s --context eu",
            advice: ["compare it with a backup", "`mini-server audit verify`"],
            carriedOut: """
                ! mini-server audit verify --context eu > verdict; grep -q 'entry 2 was altered' verdict
                stop eu; rm -r eu; cp -r backup eu; serve eu
                """),
        AdviceScene(
            code: "authority.no-active-key",
            state: "altered \"UPDATE signingKeys SET state = 'trusted' WHERE state = 'active'\"",
            refused: "mini-server peer certificate --subject OTHER --context eu", advice: ["`mini-server ca rotate`"],
            carriedOut: "mini-server ca rotate --activate $(key draft) --context eu"),
        AdviceScene(
            code: "client.no-context",
            refused: "mini-server agent list --context us",
            advice: ["Start the server once with --data-dir us"],
            carriedOut: "serve us"),
        AdviceScene(
            code: "client.context-unreadable",
            state: "echo '{' > us/context.json",
            refused: "mini-server agent list --context us",
            advice: ["Restart the server with --data-dir us"],
            carriedOut: "stop us; serve us",
            then: "mini-server agent list --context us --operator-token-file us.token"),
    ]
}
