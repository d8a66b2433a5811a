public import HandoverToken
public import Vocabulary

/// Why an offer was refused before anything was tried. The agent stays where it is and reports `FAILED`.
public enum OfferRefusal: Error, Hashable, Sendable {
    case badEndpoint(EndpointRefusal)
    case endpointNotAllowed(Endpoint)
    case leavesTLS
    case skipsVerification
    case tlsTooOld(String)
    case badTLSVersion(String)
    case unknownCipherSuite(String)
    case badCABundle
    case badCertificate
    case certificateOfAnotherKey
    case privateKeyOffered
    case leafChangeOnProbation
    case leafChangeInHandover
    case badHeader(String)
    case tooManyHeaders
    case badProxy
    case tokenMissing
    case noTokenSigners
    case tokenWithoutLeaf
    case token(TokenRefusal)
    case tooManyAdoptions(limit: Int)
    case tooManyAttempts(limit: Int)
    case tooLarge(limit: Int)
    case otherServerWhileEnrolling
    case stateNotWritable

    /// What the server is told.
    public var moveCause: MoveCause {
        switch self {
        case .badEndpoint, .badTLSVersion, .unknownCipherSuite, .badCABundle, .badCertificate,
            .certificateOfAnotherKey, .badHeader, .tooManyHeaders, .badProxy, .tooLarge:
            .protocol
        case .endpointNotAllowed, .leavesTLS, .skipsVerification, .tlsTooOld, .privateKeyOffered,
            .leafChangeOnProbation, .leafChangeInHandover, .tooManyAdoptions, .tooManyAttempts,
            .otherServerWhileEnrolling:
            .policy
        case .tokenMissing, .noTokenSigners, .tokenWithoutLeaf, .token: .token
        case .stateNotWritable: .storage
        }
    }
}

extension OfferRefusal: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        func message(_ code: String, _ cause: String, _ nextAction: String) -> OperatorMessage {
            OperatorMessage(
                code: "offer.\(code)", title: "The agent refused the offered connection settings", cause: cause,
                nextAction: nextAction)
        }
        let mend = "Correct the offer on the server."
        let allow = "Change the offer, or the handover policy in the agent's configuration file."
        return switch self {
        case .badEndpoint(let refusal): message("bad-endpoint", "The endpoint cannot be used: \(refusal.reason).", mend)
        case .endpointNotAllowed(let endpoint):
            message("endpoint-not-allowed", "\(endpoint.origin) is not among the agent's allowed endpoints.", allow)
        case .leavesTLS: message("leaves-tls", "The endpoint has no TLS and the present one has.", allow)
        case .skipsVerification: message("skips-verification", "The server's certificate would not be verified.", allow)
        case .tlsTooOld(let version): message("tls-too-old", "TLS \(version) is below the agent's floor.", allow)
        case .badTLSVersion(let version):
            message("bad-tls-version", "\"\(version)\" is not a usable TLS version.", mend)
        case .unknownCipherSuite(let suite):
            message("unknown-cipher-suite", "\"\(suite)\" is not a cipher suite in use.", mend)
        case .badCABundle: message("bad-ca-bundle", "The CA bundle is not PEM with certificates only.", mend)
        case .badCertificate:
            message("bad-certificate", "The agent's certificate is not PEM with certificates only.", mend)
        case .certificateOfAnotherKey:
            message("certificate-of-another-key", "The certificate is not over the key that the agent holds.", mend)
        case .privateKeyOffered:
            message(
                "private-key-offered", "A private key came with the certificate; this agent makes its own.",
                "Offer a certificate over the key in the agent's signing request, without a private key."
            )
        case .leafChangeOnProbation:
            message(
                "leaf-change-on-probation", "The handover has not settled, and until then the agent keeps its leaf.",
                "Wait for the end of the probation, then offer the leaf again."
            )
        case .leafChangeInHandover:
            message(
                "leaf-change-in-handover", "A handover keeps the agent's leaf, and this offer brings another or none.",
                "Repeat the agent's present leaf in the offer, or set `absent_certificate: keep` on the agent."
            )
        case .badHeader(let name):
            message("bad-header", "Header \"\(name)\" is malformed or not a server's to set.", mend)
        case .tooManyHeaders: message("too-many-headers", "There are more headers than a request may carry.", mend)
        case .badProxy: message("bad-proxy", "The proxy is not an http URL or host:port.", mend)
        case .tokenMissing:
            message(
                "token-missing", "The offer leads to another server and brings no handover token.",
                "Hand the agent over with a token issued on its present server."
            )
        case .noTokenSigners:
            message(
                "no-token-signers", "The agent holds no token signers, so no token can satisfy its policy.",
                "Enrol the agent, or name the token signers in its configuration file."
            )
        case .tokenWithoutLeaf:
            message(
                "token-without-leaf", "A handover token is bound to a leaf, and the agent has none.",
                "Enrol the agent before it is handed over."
            )
        case .token(let refusal): refusal.operatorMessage
        case .tooManyAdoptions(let limit):
            message(
                "too-many-adoptions", "The agent has changed its settings \(limit) times in a short time.",
                "Find out which servers send it to and fro; then wait and offer again."
            )
        case .tooManyAttempts(let limit):
            message(
                "too-many-attempts", "The agent has set out for other settings \(limit) times in a short time.",
                "Find out why the moves fail; then wait and offer again."
            )
        case .tooLarge(let limit):
            message("too-large", "The settings take more than the \(limit) bytes the agent keeps for them.", mend)
        case .otherServerWhileEnrolling:
            message(
                "other-server-while-enrolling", "The leaf came with the endpoint of another server.",
                "Answer the signing request for the present endpoint, and hand the agent over afterwards."
            )
        case .stateNotWritable:
            message(
                "state-not-writable", "The agent could not write its state, and moves nowhere it could not remember.",
                MoveCause.storage.nextAction
            )
        }
    }
}
