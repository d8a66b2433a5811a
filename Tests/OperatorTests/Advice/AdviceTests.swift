import Testing

/// What a refusal advises, carried out: the refusal is gone. `AdviceLedger` says where each other code is shown.
@Suite(.timeLimit(.minutes(5))) struct AdviceTests {
    @Test func `a command that one server's refusal advises ends the refusal`() async throws {
        try await Shell.open { shell in
            try await shell.type(AdviceScene.helpers + "serve eu")
            try await shell.play(AdviceScene.ofOneServer)
        }
    }

    @Test func `a command that a host's refusal advises ends the refusal`() async throws {
        try await Shell.open { shell in
            try await shell.type(AdviceScene.helpers + "serve eu; agent eu agent-state > agent.yaml")
            try await shell.play(AdviceScene.ofAHost)
        }
    }

    @Test func `a command that a refusal advises when time has passed ends the refusal`() async throws {
        try await Shell.open { shell in
            try await shell.type(AdviceScene.helpers + AdviceScene.clock + "serve eu")
            try await shell.play(AdviceScene.ofOneServerAndTime)
        }
    }

    @Test func `a command that a refusal between two servers advises ends the refusal`() async throws {
        try await Shell.open { shell in
            try await shell.type(
                AdviceScene.helpers + """
                    serve eu; serve us
                    agent eu agent-state > agent.yaml; enroll eu agent.yaml; row=$(row_on eu)
                    mini-server peer certificate --subject us --context us > us.pem
                    mini-server peer add us-region --endpoint $us --certificate us.pem --context eu
                    """)
            try await shell.play(AdviceScene.ofTwoServers)
        }
    }

    @Test func `a command that a refusal among three servers advises ends the refusal`() async throws {
        try await Shell.open { shell in
            try await shell.type(AdviceScene.helpers + AdviceScene.clock + AdviceScene.companyOfServers)
            try await shell.play(AdviceScene.ofThreeServers)
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
