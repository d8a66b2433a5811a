import Certificates
import Vocabulary

/// What the server binds and under which hosts it is reached, checked against each other before anything starts.
struct ListenAddress: Sendable, Hashable {
    let host: String
    /// 0 lets the kernel choose.
    let port: Int
    /// What agents dial, when it is not `publicHost` and the port that is bound.
    let publicEndpoint: Endpoint?
    /// What agents and peers dial.
    let publicHost: String
    /// What a client on this machine dials.
    let localHost: String
    /// The hosts in a listener certificate of the own CA.
    let names: [String]

    init(_ configuration: ServerConfiguration) throws(AddressRefusal) {
        (host, port) = (configuration.host.lowercased(), configuration.port)
        publicEndpoint = try configuration.publicEndpoint.map(Self.complete)
        let isUnspecified = Self.isUnspecified(host)
        let names = configuration.listenerNames.map { $0.lowercased() }
        guard let reached = publicEndpoint?.host ?? (isUnspecified ? names.first : host) else {
            throw .unspecified(host: host)
        }
        publicHost = reached
        localHost = isUnspecified ? (host.contains(":") ? "::1" : "127.0.0.1") : host
        var seen: Set<String> = []
        self.names = (names + [publicHost, localHost]).filter { seen.insert($0).inserted }
    }

    /// Checks a chain from files, at the start and whenever the files are read again.
    ///
    /// - Throws: `AddressRefusal.certificate` unless the chain is valid for the host that agents dial, and in an order
    ///   that every TLS client understands. A certificate above the leaf may be out of date where another replaces it.
    func check(_ chain: [Certificate], at now: Timestamp) throws(AddressRefusal) {
        let path = problems(of: chain, for: publicHost, at: now)
        let sent = ChainCheck.listenerProblems(chain: chain, hosts: [publicHost], at: now).filter { problem in
            switch problem {
            case .expired, .notYetValid: false
            default: true
            }
        }
        // A leaf that is not the first one makes the rest nonsense.
        let first = sent.first { if case .leafNotFirst = $0 { true } else { false } } ?? path.first ?? sent.first
        if let first { throw .certificate(host: publicHost, first) }
    }

    /// The host at which a client on this machine reaches the server and can verify it.
    func verifiableHost(by chain: [Certificate], at now: Timestamp) -> String {
        problems(of: chain, for: localHost, at: now).isEmpty ? localHost : publicHost
    }

    private func problems(of chain: [Certificate], for host: String, at now: Timestamp) -> [ChainProblem] {
        guard let leaf = chain.first else { return [.untrusted] }
        return ChainCheck.problems(
            leaf: leaf, intermediates: Array(chain.dropFirst()), anchors: chain.possibleIssuers,
            purpose: .server(host: host), at: now)
    }

    /// The one path may be left out; any other is a mistake, and so is a scheme without TLS.
    private static func complete(_ endpoint: Endpoint) throws(AddressRefusal) -> Endpoint {
        let corrected = "wss://\(endpoint.origin)\(OpAMPEndpoint.path)"
        guard endpoint.isTLS, endpoint.path == "/" || endpoint.path == OpAMPEndpoint.path,
            let complete = try? Endpoint("\(endpoint.scheme.rawValue)://\(endpoint.origin)\(OpAMPEndpoint.path)")
        else { throw .publicEndpoint(endpoint, corrected: corrected) }
        return complete
    }

    /// `0.0.0.0` and `::` in all their spellings: every address of this machine, and none that can be dialled.
    private static func isUnspecified(_ host: String) -> Bool { host.allSatisfy { "0:.".contains($0) } }
}

/// The address, the public endpoint and the listener certificate do not go together.
enum AddressRefusal: Error, Hashable, OperatorCoded {
    case unspecified(host: String)
    case publicEndpoint(Endpoint, corrected: String)
    /// Of a chain from files.
    case certificate(host: String, ChainProblem)

    typealias Code = AddressCode

    var words: Words {
        switch self {
        case .unspecified(let host):
            (
                .unspecified, "The server needs a public endpoint",
                "--listen \(host) binds every address of this machine; agents and peers cannot connect to that.",
                "Add --public-endpoint wss://HOST:PORT\(OpAMPEndpoint.path) with the host that agents and peers connect to."
            )
        case .publicEndpoint(let endpoint, let corrected):
            (
                .publicEndpoint, "This server does not serve the public endpoint",
                "--public-endpoint is \(endpoint); agents are served over TLS at \(OpAMPEndpoint.path) only.",
                "Use --public-endpoint \(corrected)."
            )
        case .certificate(let host, .untrusted):
            (
                .certificateUntrusted, "The listener certificate comes without its CA",
                "The file of --listener-cert does not contain the CA that issued its first certificate, so the "
                    + "server cannot tell peers and agents which CA to trust for \(host).",
                "Append the certificates of its CAs to the file of --listener-cert, the issuer first."
            )
        case .certificate(let host, .wrongName(_, let names)):
            (
                .certificateName, "The listener certificate is for another host",
                "Agents and peers connect to \(host); the certificate names \(names.prefix(8).joined(separator: ", ")).",
                "Set --public-endpoint to a host the certificate names, or use a certificate for \(host)."
            )
        case .certificate(let host, let problem):
            (
                .certificate, "The listener certificate cannot be used for \(host)", problem.operatorMessage.cause,
                problem.operatorMessage.nextAction
            )
        }
    }
}
