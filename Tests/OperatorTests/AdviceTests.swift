import Testing

/// What a refusal advises, carried out: the refusal is gone.
@Suite(.timeLimit(.minutes(3))) struct AdviceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let code: String
        /// Brings the server into the state that refuses.
        var state = ""
        let refused: String
        /// What the message says, as far as it is a command or an option.
        let advice: String
        /// The advice as it is typed.
        let carriedOut: String
        /// Refused before, and not any more.
        let then: String

        var testDescription: String { code }
    }

    static let commands = [
        Case(
            code: "operator.not-authenticated",
            refused: "mini-server agent list --context eu --token opamp-pat.gone",
            advice: "mini-server operator-token create NAME --role ROLE",
            carriedOut: "mini-server operator-token create someone --role viewer --context eu > someone.token",
            then: "mini-server agent list --context eu --operator-token-file someone.token"),
        Case(
            code: "operator.role-too-low",
            state: "mini-server operator-token create someone --role viewer --context eu > low.token",
            refused: "mini-server group add web --context eu --operator-token-file low.token",
            advice: "mini-server operator-token create NAME --role operator",
            carriedOut: "mini-server operator-token create other --role operator --context eu > high.token",
            then: "mini-server group add web --context eu --operator-token-file high.token"),
        Case(
            code: "client.no-context",
            refused: "mini-server agent list --context us",
            advice: "Start the server once with --data-dir us",
            carriedOut:
                """
                mini-server serve --data-dir us --name us --listen 127.0.0.1:0 --write-admin-token us.token > us.log 2>&1 &
                until test -e us/context.json; do sleep 0.05; done
                """,
            then: "mini-server agent list --context us"),
        Case(
            code: "client.context-unreadable",
            state: "cp eu/context.json saved.json; echo '{' > eu/context.json",
            refused: "mini-server agent list --context eu",
            advice: "Restart the server with --data-dir eu",
            carriedOut:
                """
                kill $server; wait $server
                mini-server serve --data-dir eu --name eu --listen 127.0.0.1:0 > again.log 2>&1 &
                until grep -q 'listening on' again.log; do sleep 0.05; done
                """,
            then: "mini-server agent list --context eu --operator-token-file eu.token"),
    ]

    @Test(arguments: commands)
    func `a command that a refusal advises ends the refusal`(advised: Case) async throws {
        try await Shell.open { shell in
            try await shell.serve("eu", "--listen 127.0.0.1:0 --write-admin-token eu.token")
            if !advised.state.isEmpty { try await shell.type(advised.state) }
            let said = try await shell.refused(advised.refused)
            #expect(said.contains(advised.code) && said.contains(advised.advice), "\(said)")
            try await shell.type(advised.carriedOut)
            try await shell.type(advised.then)
        }
    }

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
    ]) func `an option that a refused start advises lets the server start`(
        code: String, refused: String, advised: String
    ) async throws {
        try await Shell.open { shell in
            let said = try await shell.refused("mini-server serve --data-dir eu --name eu \(refused)")
            #expect(said.contains(code), "\(said)")
            try await shell.serve("eu", advised)
        }
    }
}
