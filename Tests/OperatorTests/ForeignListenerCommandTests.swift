import Foundation
import ServerAPI
import Testing
import Vocabulary

/// What an operator does with a certificate from the company's CA.
@Suite(.timeLimit(.minutes(3))) struct ForeignListenerCommandTests {
    @Test func `a chain without its root does not lock the command line out, and a certificate is printed again`()
        async throws
    {
        try await Shell.open { shell in
            try await shell.type(
                """
                ec='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
                printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n' > ca.ext
                printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > leaf.ext
                openssl req -x509 $ec -keyout root.key -out root.pem -days 9 -subj '/CN=Corp Root'
                openssl req -new $ec -keyout int.key -out int.csr -subj '/CN=Corp Issuing'
                openssl x509 -req -in int.csr -CA root.pem -CAkey root.key -set_serial 7 -days 9 -extfile ca.ext -out int.pem
                openssl req -new $ec -keyout leaf.key -out leaf.csr -subj /CN=localhost
                openssl x509 -req -in leaf.csr -CA int.pem -CAkey int.key -set_serial 8 -days 9 -extfile leaf.ext -out leaf.pem
                cat leaf.pem int.pem > fullchain.pem
                mini-server serve --data-dir eu --listen 127.0.0.1:0 --name eu-region --write-admin-token eu.token \
                    --listener-cert fullchain.pem --listener-key leaf.key &
                """)
            try await shell.wait(until: "eu listens") { shell in (try? await shell.read("eu/context.json")) != nil }
            #expect(try await shell.type("mini-server agent list --context eu").contains("(none)"))
            let refused = try await shell.refused(
                "mini-server agent list --operator-token-file eu.token --ca root.key.pem --context eu")
            #expect(refused.contains("client.file"))

            let issued: FederationCertificate = try await shell.json(
                "mini-server peer certificate --subject ampora-eu --context eu")
            #expect(
                issued.pem.components(separatedBy: "BEGIN CERTIFICATE").count == 4, "itself, its CA, the listener's")
            let again: FederationCertificate = try await shell.json("mini-server peer certificate --show --context eu")
            #expect(again == issued)
            let all: [FederationCertificate] = try await shell.json("mini-server peer certificates --context eu")
            #expect(all == [issued], "nothing was issued to print it again")
            let one: FederationCertificate = try await shell.json(
                "mini-server peer certificate --show --fingerprint \("\(issued.fingerprint)".prefix(12)) --context eu")
            #expect(one == issued)

            let draft: SigningKeySummary = try await shell.json("mini-server ca rotate --draft --context eu")
            let discarded: SigningKeySummary = try await shell.json(
                "mini-server ca discard \(draft.fingerprint) --context eu")
            #expect(discarded.state == .retired)
        }
    }
}
