import Certificates
import Foundation
import ServerAPI
import TestPKI
import Testing
import Vocabulary

/// How a server starts, says where it is, and ends.
@Suite(.timeLimit(.minutes(3))) struct ServeCommandTests {
    /// What is wrong with a start, and the code and advice that say so.
    @Test(arguments: [
        ("--listen 0.0.0.0:0", "address.unspecified", "--public-endpoint wss://HOST:PORT/v1/opamp"),
        ("--listen [::]:0", "address.unspecified", "--public-endpoint wss://HOST:PORT/v1/opamp"),
        (
            "--public-endpoint ws://localhost:4320/v1/opamp", "address.public-endpoint",
            "--public-endpoint wss://localhost:4320/v1/opamp"
        ),
        (
            "--public-endpoint wss://localhost:4320/opamp", "address.public-endpoint",
            "--public-endpoint wss://localhost:4320/v1/opamp"
        ),
        ("--listen 192.0.2.1:4320", "listener.address-not-ours", "192.0.2.1:4320"),
        ("--max-description 1023", "--max-description must be 1KiB to 10MiB", "OpAMP message"),
        ("--max-report-part 11MiB", "--max-report-part must be 1KiB to 10MiB", "OpAMP message"),
        ("--name 'eu region'", "letters a-z and A-Z, digits", "hyphens"),
    ]) func `a server that cannot be reached does not start, and says why`(
        options: String, code: String, advice: String
    ) async throws {
        try await Shell.open { shell in
            let name = options.hasPrefix("--name") ? "" : "--name eu"
            let listen = options.contains("--listen") ? "" : "--listen 127.0.0.1:0"
            let said = try await shell.refused("mini-server serve --data-dir eu \(name) \(listen) \(options)")
            #expect(said.contains(code) && said.contains(advice), "\(said)")
            #expect(!said.contains("listening on"))
        }
    }

    @Test func `a port in use ends the second server with the address and a next step`() async throws {
        try await Shell.open { shell in
            let server = try await shell.serve("eu")
            let address = server.replacing("https://", with: "")
            let said = try await shell.refused("mini-server serve --data-dir us --name us --listen \(address)")
            #expect(said.contains("listener.address-in-use") && said.contains(address), "\(said)")
            #expect(said.contains("--listen") && !said.contains("descriptor"))
        }
    }

    @Test func `a context file that cannot be written ends the server at once`() async throws {
        try await Shell.open { shell in
            try await shell.type("mkdir -p eu/context.json && chmod 700 eu")
            let said = try await shell.refused("mini-server serve --data-dir eu --name eu --listen 127.0.0.1:0")
            #expect(said.contains("context.json") && said.contains("next:"), "\(said)")
            #expect(!said.contains("listening on"))
        }
    }

    @Test func `a server on every address is found by its context and by its public endpoint`() async throws {
        try await Shell.open { shell in
            let origin = try await shell.serve(
                "eu", "--listen 0.0.0.0:0 --public-endpoint wss://localhost:4320 --write-admin-token eu.token")
            #expect(origin.hasPrefix("https://127.0.0.1:"), "\(origin)")
            #expect(try await shell.type("mini-server agent list --context eu").contains("(none)"))
            // The public name is in the certificate although only the address was dialled until now.
            let byName = origin.replacing("127.0.0.1", with: "localhost")
            try await shell.type("mini-server ca bundle --context eu > ca.pem")
            let command = "mini-server agent list --server \(byName) --ca ca.pem --operator-token-file eu.token"
            #expect(try await shell.type(command).contains("(none)"))
            let metrics = try await shell.type(
                "openssl s_client -connect \(byName.dropFirst(8)) < /dev/null | openssl x509 -noout -ext subjectAltName"
            )
            #expect(metrics.contains("DNS:localhost") && metrics.contains("127.0.0.1") && !metrics.contains("0.0.0.0"))
        }
    }

    @Test func `a listener certificate from files is held against the public endpoint`() async throws {
        try await Shell.open { shell in
            let authority = try TestAuthority("Corp")
            let listener = try authority.listener(["localhost"])
            try await shell.write(listener.certificate.pem, to: "l.pem")
            try await shell.write(listener.certificate.pem + authority.certificate.pem, to: "chain.pem")
            try await shell.write(listener.key.pem.revealText(), to: "l.key")
            let serve = "mini-server serve --data-dir eu --name eu --listen 127.0.0.1:0 --listener-key l.key"
            let other = try await shell.refused("\(serve) --listener-cert chain.pem")
            #expect(other.contains("address.certificate-name") && other.contains("names localhost"), "\(other)")
            let bare = try await shell.refused(
                "\(serve) --listener-cert l.pem --public-endpoint wss://localhost:4320")
            #expect(bare.contains("address.certificate-untrusted") && bare.contains("Append"), "\(bare)")
            // The advised chain and name: the same files are accepted.
            try await shell.serve(
                "eu",
                "--listen 127.0.0.1:0 --listener-key l.key --listener-cert chain.pem --public-endpoint wss://localhost:1"
            )
        }
    }

    @Test func `a later start does not put a token file that is not there into the context`() async throws {
        try await Shell.open { shell in
            let origin = try await shell.serve("eu", "--listen 127.0.0.1:0 --write-admin-token eu.token")
            try await shell.type("kill $server; wait $server")
            let port = try #require(origin.split(separator: ":").last)
            try await shell.serve("eu", "--listen 127.0.0.1:\(port) --write-admin-token elsewhere.token")
            #expect(try await shell.read("eu.log").contains("no admin token written to elsewhere.token"))
            #expect(try await shell.type("mini-server agent list --context eu").contains("(none)"))
        }
    }

    @Test func `options that name files read pipes and links`() async throws {
        try await Shell.open { shell in
            let origin = try await shell.serve("eu", "--listen 127.0.0.1:0 --write-admin-token eu.token")
            try await shell.type(
                "mini-server ca bundle --context eu > ca.pem; ln -s ca.pem ca-link; ln -s eu.token t-link")
            for (ca, token) in [("<(cat ca.pem)", "<(cat eu.token)"), ("ca-link", "t-link")] {
                let said = try await shell.type(
                    "mini-server agent list --server \(origin) --ca \(ca) --operator-token-file \(token)")
                #expect(said.contains("(none)"))
            }
            let preview = try await shell.refused(
                "mini-server handover preview --context eu --token-file <(echo opamp-ho.nonsense)")
            #expect(preview.contains("handover.") && !preview.contains("client.file"), "\(preview)")
            #expect(try await shell.refused("mini-server agent list --context eu --ca gone").contains("client.file"))
        }
    }

    @Test func `a name with a slash is refused by the rule for names`() async throws {
        try await Shell.open { shell in
            try await shell.serve("eu", "--listen 127.0.0.1:0 --write-admin-token eu.token")
            for command in ["group add a/b", "config show a/b", "peer show a/b"] {
                let said = try await shell.refused("mini-server \(command) --context eu")
                #expect(said.contains("request.parameter") && said.contains("underscores and hyphens"), "\(said)")
            }
        }
    }

    /// The client gives up long after the server has to be gone, and sends a byte now and then until then.
    private static func trickle(to origin: String) -> String {
        """
        (printf 'PUT /api/configurations/x HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer %s\\r\\n' $(cat eu.token)
         printf 'Content-Type: application/json\\r\\nContent-Length: 100000\\r\\n\\r\\n{'
         for beat in $(seq 600); do printf ' ' || exit; sleep 0.1; done; touch gave-up) \
            | openssl s_client -quiet -connect \(origin.dropFirst(8)) > trickle.log 2>&1 & disown
        """
    }

    @Test func `a server ends on SIGTERM while a client trickles a body`() async throws {
        try await Shell.open { shell in
            let origin = try await shell.serve("eu", "--listen 127.0.0.1:0 --write-admin-token eu.token")
            try await shell.type(Self.trickle(to: origin))
            try await shell.wait(until: "the client is connected") {
                (try? await $0.read("trickle.log"))?.contains("verify") == true
            }
            try await shell.type("kill $server; wait $server")
            #expect((try? await shell.read("gave-up")) == nil, "the server ended, and not the client")
        }
    }

    @Test func `a second signal ends a server that is still ending`() async throws {
        try await Shell.open { shell in
            let origin = try await shell.serve("eu", "--listen 127.0.0.1:0 --write-admin-token eu.token")
            try await shell.type(Self.trickle(to: origin))
            try await shell.wait(until: "the client is connected") {
                (try? await $0.read("trickle.log"))?.contains("verify") == true
            }
            let status = try await shell.type(
                "kill $server; sleep 0.3; kill -INT $server; wait $server && echo status 0 || echo status $?")
            #expect(status.contains("status 130"), "as a shell reports SIGINT, not an orderly end: \(status)")
        }
    }
}

extension Shell {
    /// Starts `mini-server serve` in the background as `$server`.
    ///
    /// - Returns: what it listens on.
    @discardableResult
    func serve(_ name: String, _ options: String = "--listen 127.0.0.1:0") async throws -> String {
        try await type(
            "mini-server serve --data-dir \(name) --name \(name) \(options) > \(name).log 2>&1 & server=$!")
        var origin = ""
        try await wait(until: "\(name) listens") { shell in
            // The job creates its log after the prompt is back.
            guard let lines = try? await shell.read("\(name).log").split(separator: "\n"),
                let line = lines.first(where: { $0.hasPrefix("listening on ") })
            else { return false }
            origin = String(line.dropFirst("listening on ".count))
            return true
        }
        return origin
    }
}
