import ArgumentParser
import OperatorClient
import ServerAPI
import Vocabulary

struct PeerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peer", abstract: "The servers that this one federates with.",
        subcommands: [
            Certificate.self, Certificates.self, Inspect.self, Add.self, List.self, Show.self, Update.self, Ping.self,
            Refresh.self, RotateSecrets.self, SetSecret.self, Disable.self, Enable.self, Remove.self,
        ])

    struct Certificate: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issue a federation certificate for peers to register, or print one again.",
            discussion: """
                Prints the certificate, its CA and, if they differ, the CAs of the listener. The private key never \
                leaves the server. A server can have several certificates: it presents to each peer the one that the \
                peer accepted last. --show issues nothing: it prints the newest valid certificate, or the one whose \
                fingerprint begins with --fingerprint.
                """)
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "Free text for the audit trail.") var subject: String?
        @Option(help: "Validity of the certificate in days.") var validityDays = 90
        @Flag(name: .customLong("show"), help: "Print a certificate that was issued before.") var printsAgain = false
        @Option(help: "The certificate that --show prints, as `peer certificates` lists it.") var fingerprint: String?

        func validate() throws {
            guard printsAgain != (subject != nil) else { throw ValidationError("Use either --subject or --show.") }
            guard printsAgain || fingerprint == nil else { throw ValidationError("--fingerprint needs --show.") }
        }

        func run(_ server: OperatorClient) async throws {
            try show(printsAgain ? try await issued(server) : try await issue(server)) {
                Output.line("# \($0.subject), sha256 \($0.fingerprint), until \($0.notAfter)")
                Output.line($0.pem)
            }
        }

        private func issue(_ server: OperatorClient) async throws -> FederationCertificate {
            try await server.call(
                OperatorRoutes.issueFederationCertificate(),
                sending: FederationCertificateRequest(subject: subject ?? "", validityDays: validityDays))
        }

        private func issued(_ server: OperatorClient) async throws -> FederationCertificate {
            let all = try await server.list(OperatorRoutes.federationCertificates())
            let found = all.first { certificate in
                fingerprint.map { "\(certificate.fingerprint)".hasPrefix($0) } ?? certificate.inUse
            }
            guard let found else {
                throw CommandFailure(
                    code: "client.no-certificate", cause: "This server has no such federation certificate.",
                    nextAction: "List them with `mini-server peer certificates`, or issue one with --subject.")
            }
            return found
        }
    }

    struct Certificates: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List this server's federation certificates.")
        @OptionGroup var connection: ConnectionOptions

        func run(_ server: OperatorClient) async throws {
            let certificates = try await server.list(OperatorRoutes.federationCertificates())
            try show(certificates) { certificates in
                Output.table(
                    ["valid", "subject", "from", "until", "accepted by", "fingerprint"],
                    certificates.map {
                        [
                            $0.inUse ? "yes" : "no", $0.subject, "\($0.notBefore)", "\($0.notAfter)",
                            $0.acceptedBy.isEmpty ? "-" : $0.acceptedBy.joined(separator: ", "), "\($0.fingerprint)",
                        ]
                    })
            }
        }
    }

    struct Inspect: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what registering a peer's certificate would trust; changes nothing.")
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "File with the peer's federation certificate followed by its CA; - for standard input.")
        var certificate: String

        func run(_ server: OperatorClient) async throws {
            try show(try await PeerCommand.inspect(try File.text(certificate), server)) { paste in
                Output.facts([
                    "peer id": "\(paste.peerID)", "subject": paste.subject, "certificate": "\(paste.fingerprint)",
                    "until": "\(paste.notAfter)",
                ])
                PeerCommand.askToCompare(paste)
            }
        }
    }

    struct Add: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Register a peer.")
        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "The peer's name on this server.") var name: String
        @Option(help: "The peer's https URL.") var endpoint: String
        @Option(help: "File with the peer's federation certificate followed by its CA; - for standard input.")
        var certificate: String
        @Option(help: "File with the secret that the peer presents to this server.") var inboundSecretFile: String?
        @Option(help: "File with the secret that this server presents to the peer.") var outboundSecretFile: String?
        @Flag(help: "Generate the secrets for which there is no file, and show them once.") var generateSecrets = false

        func run(_ server: OperatorClient) async throws {
            let pem = try File.text(certificate)
            let paste = try await PeerCommand.inspect(pem, server)
            var peer = try await server.call(
                OperatorRoutes.createPeer(),
                sending: PeerCreation(
                    name: name, endpoint: endpoint, certificatePEM: pem,
                    inboundSecret: try inboundSecretFile.map(File.text),
                    outboundSecret: try outboundSecretFile.map(File.text)))
            var secrets: [String: String] = [:]
            if generateSecrets {
                for (direction, file) in [
                    (SecretDirection.inbound, inboundSecretFile), (.outbound, outboundSecretFile),
                ] where file == nil {
                    secrets[direction.rawValue] = try await PeerCommand.generate(direction, of: name, on: server)
                }
                // As it is now, with its secrets.
                peer = try await server.call(OperatorRoutes.peer(name))
            }
            try show(AddedPeer(peer: peer, secrets: secrets)) { added in
                PeerCommand.describe(added.peer)
                PeerCommand.askToCompare(paste)
                PeerCommand.describe(secrets)
            }
        }
    }

    private struct AddedPeer: Encodable {
        var peer: PeerSummary
        var secrets: [String: String]
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List the peers.")
        @OptionGroup var connection: ConnectionOptions

        func run(_ server: OperatorClient) async throws {
            let peers = try await server.list(OperatorRoutes.peers())
            try show(peers) { peers in
                Output.table(
                    ["name", "endpoint", "enabled", "trust", "last contact", "last error"],
                    peers.map {
                        [
                            $0.name, $0.endpoint, $0.enabled ? "yes" : "no", "v\($0.trustVersion)",
                            $0.lastContact.map { "\($0)" } ?? "never", $0.lastError ?? "-",
                        ]
                    })
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Show one peer.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String

        func run(_ server: OperatorClient) async throws {
            let peer = try await server.call(OperatorRoutes.peer(name))
            try show(peer, PeerCommand.describe)
        }
    }

    struct Update: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a peer's certificate, endpoint or both.",
            discussion: """
                The previous certificate is accepted until 24 hours after the first use of the new one. The CA that issued the \
                new one is trusted in addition to the recorded CAs: inspect it first with `peer inspect`.
                """)
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String
        @Option(help: "File with the renewed certificate followed by its CA; - for standard input.")
        var certificate: String?
        @Option(help: "The peer's https URL.") var endpoint: String?

        func validate() throws {
            guard certificate != nil || endpoint != nil else {
                throw ValidationError("Use --certificate, --endpoint or both.")
            }
        }

        func run(_ server: OperatorClient) async throws {
            let pem = try certificate.map(File.text)
            var paste: PeerPasteFacts?
            if let pem { paste = try await PeerCommand.inspect(pem, server) }
            let peer = try await PeerCommand.update(
                name, PeerUpdate(endpoint: endpoint, certificatePEM: pem), server)
            try show(peer) { peer in
                PeerCommand.describe(peer)
                if let paste { PeerCommand.askToCompare(paste) }
            }
        }
    }

    struct Ping: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Call the peer with certificate and secret, and show which one fails.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String

        func run(_ server: OperatorClient) async throws {
            let result = try await server.call(OperatorRoutes.pingPeer(name))
            try show(result) { Output.line($0.text) }
            guard result.ok else {
                throw CommandFailure(
                    code: result.code ?? "federation.ping", title: "The ping failed", cause: result.text,
                    nextAction: result.nextAction ?? "Run `mini-server peer show`.")
            }
        }
    }

    struct Refresh: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Fetch the peer's trust bundle now.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String

        func run(_ server: OperatorClient) async throws {
            let peer = try await server.call(
                OperatorRoutes.refreshPeer(name))
            try show(peer, PeerCommand.describe)
        }
    }

    struct RotateSecrets: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Generate new secrets and show them once.",
            discussion: """
                The previous inbound secret stays valid until 24 hours after the first use of the new one. This server uses the new \
                outbound secret at once: save it on the peer as inbound, or use --inbound-only.
                """)
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String
        @Flag(help: "Keep the outbound secret.") var inboundOnly = false

        func run(_ server: OperatorClient) async throws {
            var secrets: [String: String] = [:]
            for direction in inboundOnly ? [SecretDirection.inbound] : SecretDirection.allCases {
                secrets[direction.rawValue] = try await PeerCommand.generate(direction, of: name, on: server)
            }
            try show(secrets, PeerCommand.describe)
        }
    }

    struct SetSecret: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Save a secret that the peer generated.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String
        @Option(help: "inbound or outbound, as seen from this server.") var direction: SecretDirection
        @Option(help: "File with the secret; - for standard input.") var secretFile: String

        func run(_ server: OperatorClient) async throws {
            let peer = try await server.call(
                OperatorRoutes.savePeerSecret(name),
                sending: PeerSecretText(direction: direction, secret: try File.text(secretFile)))
            try show(peer, PeerCommand.describe)
        }
    }

    struct Disable: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disable a peer: this server neither calls nor answers it.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String

        func run(_ server: OperatorClient) async throws {
            try show(try await PeerCommand.update(name, PeerUpdate(enabled: false), server), PeerCommand.describe)
        }
    }

    struct Enable: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Enable a peer again.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String

        func run(_ server: OperatorClient) async throws {
            try show(try await PeerCommand.update(name, PeerUpdate(enabled: true), server), PeerCommand.describe)
        }
    }

    struct Remove: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a peer that has no open handover.")
        @OptionGroup var connection: ConnectionOptions
        @Argument var name: String
        @Flag(help: "Drop the messages that the peer has not received.") var dropMessages = false

        func run(_ server: OperatorClient) async throws {
            try await server.call(OperatorRoutes.deletePeer(name, query: [.dropMessages: dropMessages ? "true" : nil]))
        }
    }

    private static func inspect(_ pem: String, _ server: OperatorClient) async throws -> PeerPasteFacts {
        try await server.call(OperatorRoutes.inspectPeerPaste(), sending: PeerPasteText(certificatePEM: pem))
    }

    private static func askToCompare(_ paste: PeerPasteFacts) {
        Output.line("Compare the CA's fingerprint with the peer's operator before you rely on this peer:")
        for authority in paste.authorities { Output.line("  \(authority.subject)  \(authority.fingerprint)") }
        guard !paste.listenerAuthorities.isEmpty else { return }
        Output.line("Compare these as well; they are trusted for the peer's listener only:")
        for authority in paste.listenerAuthorities { Output.line("  \(authority.subject)  \(authority.fingerprint)") }
    }

    private static func update(_ name: String, _ update: PeerUpdate, _ server: OperatorClient) async throws
        -> PeerSummary
    {
        try await server.call(OperatorRoutes.updatePeer(name), sending: update)
    }

    private static func generate(_ direction: SecretDirection, of name: String, on server: OperatorClient) async throws
        -> String
    {
        let secret = try await server.call(
            OperatorRoutes.generatePeerSecret(name),
            sending: PeerSecretRequest(direction: direction))
        return secret.text
    }

    private static func describe(_ secrets: [String: String]) {
        let other = ["inbound": "outbound", "outbound": "inbound"]
        for (direction, text) in secrets.sorted(by: { $0.key < $1.key }) {
            Output.line("\(direction) secret, shown once; save it as \(other[direction] ?? "") on the peer:")
            Output.line("  \(text)")
        }
    }

    private static func describe(_ peer: PeerSummary) {
        Output.facts([
            "name": peer.name, "peer id": "\(peer.peerID)", "endpoint": peer.endpoint,
            "opamp endpoint": peer.opampEndpoint ?? "not known before the first refresh",
            "enabled": peer.enabled ? "yes" : "no", "certificate": "\(peer.fingerprint)",
            "previous": peer.previousFingerprint.map { "\($0)" },
            "CA": peer.serverCAs.map { "\($0.subject) \($0.fingerprint)" }.joined(separator: ", "),
            "trust version": "\(peer.trustVersion)",
            "secrets": "inbound \(peer.hasInboundSecret ? "set" : "missing"), "
                + "outbound \(peer.hasOutboundSecret ? "set" : "missing")",
            "last contact": peer.lastContact.map { "\($0)" } ?? "never", "last error": peer.lastError,
        ])
    }
}
