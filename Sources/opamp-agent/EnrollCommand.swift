import AgentExtension
import HostSystem
import Vocabulary

extension Command {
    static let enroll = Command(
        name: "enroll", summary: "get a certificate for this host with a bootstrap token",
        details: """
            Creates a key pair on this host if there is none, sends a signing request with the bootstrap token, saves the
            certificate and connects once with it. On an enrolled host it only checks the connection. You can interrupt
            it at any time and run it again. The private key never leaves the host.
            """,
        options: [
            .config,
            Option(
                name: "--token-file", takes: "FILE",
                help: "file whose first line is the token; mode 0600, or /dev/stdin"),
            Option(name: "--token", takes: "TOKEN", help: "the token itself; other users can see it while this runs"),
            Option(name: "--renew", takes: nil, help: "ask for a new certificate although the present one is valid"),
            Option(name: "--timeout", takes: "SECONDS", help: "give up after this time (60)"),
            .logFormat,
        ]
    ) { options in
        var configuration = try HostConfiguration(options: options)
        if let path = options["--token-file"] {
            guard let token = try Secret(tokenFile: path) else { throw UsageRefusal("\(path) holds no token") }
            configuration.bootstrapToken = token
        } else if let token = options["--token"] {
            guard let token = Secret(tokenText: token) else { throw UsageRefusal("--token is empty") }
            configuration.bootstrapToken = token
        }
        guard let seconds = Int(options["--timeout"] ?? "60"), (1...86_400).contains(seconds) else {
            throw UsageRefusal("--timeout must be a number of seconds")
        }
        let enrolled = try await Enrolment(configuration, renewing: options.has("--renew"))
            .finish(within: .seconds(seconds))
        StandardStream.output.write(line: "enrolled at \(enrolled.endpoint), certificate sha256 \(enrolled.leaf)")
        return .done
    }
}
