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
    case badPrivateKey
    case leafChangeOnProbation
    case leafChangeInHandover
    case leafOfTheHost
    case badHeader(String)
    case tooManyHeaders
    case badProxy
    case tokenMissing
    case rootsNotStated
    case proxyWithoutToken
    case standbyOff
    case standbyBesideSettings
    case standbyAtHome
    case standbyWithoutToken
    case noTokenSigners
    case tokenWithoutLeaf
    case token(TokenRefusal)
    case tooManyAdoptions(limit: Int, minutes: Int64)
    case tooManyAttempts(limit: Int, minutes: Int64)
    case tooLarge(limit: Int)
    case otherServerWhileEnrolling
    case stateNotWritable
    case otherSettingsOnly
    /// By the host program, with its reason.
    case rejectedByHost(String, isOpAMPPartApplied: Bool)

    /// What the server receives.
    public var moveCause: MoveCause {
        switch self {
        case .badEndpoint, .badTLSVersion, .unknownCipherSuite, .badCABundle, .badCertificate,
            .certificateOfAnotherKey, .badPrivateKey, .badHeader, .tooManyHeaders, .badProxy, .tooLarge:
            .protocol
        case .endpointNotAllowed, .leavesTLS, .skipsVerification, .tlsTooOld, .privateKeyOffered,
            .leafChangeOnProbation, .leafChangeInHandover, .leafOfTheHost, .tooManyAdoptions, .tooManyAttempts,
            .otherServerWhileEnrolling, .otherSettingsOnly, .rejectedByHost, .standbyOff, .standbyBesideSettings,
            .standbyAtHome:
            .policy
        case .tokenMissing, .rootsNotStated, .proxyWithoutToken, .standbyWithoutToken, .noTokenSigners,
            .tokenWithoutLeaf,
            .token:
            .token
        case .stateNotWritable: .storage
        }
    }
}

extension OfferRefusal: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        func message(_ code: OfferCode, _ cause: String, _ nextAction: String) -> OperatorMessage {
            OperatorMessage(
                code: code.code, title: "The agent refused the offered connection settings", cause: cause,
                nextAction: nextAction)
        }
        let correct = "Correct the offer on the server."
        let allow = "Change the offer, or the handover policy in the agent's configuration file."
        return switch self {
        case .badEndpoint(let refusal):
            message(.badEndpoint, "The endpoint cannot be used: \(refusal.reason).", correct)
        case .endpointNotAllowed(let endpoint):
            message(.endpointNotAllowed, "\(endpoint.origin) is not among the agent's allowed endpoints.", allow)
        case .leavesTLS: message(.leavesTLS, "The offered endpoint does not use TLS and the present one does.", allow)
        case .skipsVerification: message(.skipsVerification, "The server's certificate would not be verified.", allow)
        case .tlsTooOld(let version):
            message(.tlsTooOld, "TLS \(version) is below the agent's minimum version.", allow)
        case .badTLSVersion(let version):
            message(.badTLSVersion, "\"\(version)\" is not a usable TLS version.", correct)
        case .unknownCipherSuite(let suite):
            message(.unknownCipherSuite, "\"\(suite)\" is not a known cipher suite.", correct)
        case .badCABundle: message(.badCABundle, "The CA bundle is not a PEM text of certificates only.", correct)
        case .badCertificate:
            message(.badCertificate, "The offered certificate is not a PEM text of certificates only.", correct)
        case .certificateOfAnotherKey:
            message(.certificateOfAnotherKey, "The certificate is not for the agent's private key.", correct)
        case .privateKeyOffered:
            message(
                .privateKeyOffered, "The offer contains a private key; this agent creates its own.",
                "Offer a certificate for the key of the agent's signing request, without a private key; or set "
                    + "`handover.accept_offered_keys: true` in the agent's configuration file."
            )
        case .badPrivateKey:
            message(
                .badPrivateKey,
                "The offered private key cannot be read, is too weak, or is not the key of the offered certificate.",
                correct)
        case .leafChangeOnProbation:
            message(
                .leafChangeOnProbation, "The agent keeps its leaf until the handover has settled.",
                "Wait for the end of the probation, then offer the leaf again."
            )
        case .leafChangeInHandover:
            message(
                .leafChangeInHandover,
                "A handover keeps the agent's leaf; this offer contains another one or none.",
                "Repeat the agent's present leaf in the offer, or set `absent_certificate: keep` on the agent."
            )
        case .leafOfTheHost:
            message(
                .leafOfTheHost, "The agent's certificate comes from a file of its host, which no server replaces.",
                "Offer the settings without a certificate, and renew the files that `tls.cert_file` and `tls.key_file` name."
            )
        case .badHeader(let name):
            message(.badHeader, "Header \"\(name)\" is malformed, or a server may not set it.", correct)
        case .tooManyHeaders:
            message(.tooManyHeaders, "The offer contains more headers than a request may have.", correct)
        case .badProxy: message(.badProxy, "The proxy is neither an http or https URL nor host:port.", correct)
        case .tokenMissing:
            message(
                .tokenMissing, "The offer names another server and contains no handover token.",
                "Issue a token on the agent's present server: `mini-server handover issue`."
            )
        case .rootsNotStated:
            message(
                .rootsNotStated,
                "The offer names CA certificates for the agent's present server, and no trust statement of it names them.",
                "Send a trust statement with these CA certificates first, or set `handover.require_token: never` on the agent."
            )
        case .proxyWithoutToken:
            message(
                .proxyWithoutToken, "The offer names another proxy and contains no handover token.",
                "Leave the proxy out of the offer, and set `proxy.url` in the agent's configuration file."
            )
        case .standbyOff:
            message(
                .standbyOff, "The agent accepts no standby grant.",
                "Set `standby.enabled: true` in the agent's configuration file."
            )
        case .standbyBesideSettings:
            message(
                .standbyBesideSettings, "The offer contains a standby grant and OpAMP connection settings.",
                "Offer the standby grant alone."
            )
        case .standbyAtHome:
            message(
                .standbyAtHome, "The standby grant names the agent's present server.",
                "Issue the standby token for another server."
            )
        case .standbyWithoutToken:
            message(
                .standbyWithoutToken, "The standby grant contains no token.",
                "Put the standby token into `other_settings` as `token`."
            )
        case .noTokenSigners:
            message(
                .noTokenSigners, "The agent has no token signers, so it cannot verify any token.",
                "Enroll the host, or set `handover.token_signers_file` in the agent's configuration file."
            )
        case .tokenWithoutLeaf:
            message(
                .tokenWithoutLeaf, "A handover token is bound to a leaf, and the agent has no leaf.",
                "Enroll the host with `opamp-agent enroll`, then hand the agent over."
            )
        case .token(let refusal): refusal.operatorMessage
        case .tooManyAdoptions(let limit, let minutes):
            message(
                .tooManyAdoptions, "The agent has adopted new settings \(limit) times in a short time.",
                "Find out which servers hand the agent back and forth, and offer again in \(minutes) minutes."
            )
        case .tooManyAttempts(let limit, let minutes):
            message(
                .tooManyAttempts, "The agent has tried other settings \(limit) times in a short time.",
                "Find out why the moves fail, and offer again in \(minutes) minutes."
            )
        case .tooLarge(let limit):
            message(.tooLarge, "The settings are larger than \(limit) bytes.", correct)
        case .otherServerWhileEnrolling:
            message(
                .otherServerWhileEnrolling, "The offered leaf comes with another server's endpoint.",
                "Answer the signing request with the present endpoint, and hand the agent over afterwards."
            )
        case .otherSettingsOnly:
            message(
                .otherSettingsOnly, "The offer contains settings for other connections only; this agent takes none.",
                "Offer OpAMP connection settings."
            )
        case .rejectedByHost(let reason, let isApplied):
            message(
                .rejectedByHost,
                "The host program does not take the settings of its own connections: \(reason)"
                    + (isApplied ? " (the OpAMP settings of the offer are in force)" : ""),
                "Change those settings, and offer them with another hash."
            )
        case .stateNotWritable:
            message(
                .stateNotWritable, "The agent could not write its state, so it does not move.",
                MoveCause.storage.nextAction
            )
        }
    }
}
