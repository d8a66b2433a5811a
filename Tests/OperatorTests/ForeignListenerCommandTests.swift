import Foundation
import ServerAPI
import TestPKI
import Testing
import Vocabulary

/// What an operator does with a certificate from the company's CA.
@Suite(.timeLimit(.minutes(3))) struct ForeignListenerCommandTests {
    @Test func `a chain without its root does not lock the command line out, and a certificate is printed again`()
        async throws
    {
        try await Shell.open { shell in
            _ = try await CorporatePKI().write(withRoot: false, into: shell.folder)
            try await shell.type(
                """
                mini-server serve --data-dir eu --listen 127.0.0.1:0 --name eu-region --write-admin-token eu.token \
                    --listener-cert corporate.pem --listener-key corporate.key &
                """)
            try await shell.wait(until: "eu listens") { shell in (try? await shell.read("eu/context.json")) != nil }
            #expect(try await shell.type("mini-server agent list --context eu").contains("(none)"))
            let refused = try await shell.refused(
                "mini-server agent list --operator-token-file eu.token --ca corporate.key.pem --context eu")
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
