package import Certificates
package import Vocabulary

/// What the federation rules do not allow.
package enum FederationRefusal: Error, Hashable, Sendable {
    package enum CertificateReason: Hashable, Sendable {
        case absent, notPinned
        case peerDisabled(String)
        /// Expired or not yet valid.
        case notInForce(String)
    }

    // A peer calls
    case certificateNotAccepted(Fingerprint?, CertificateReason)
    case secretNotAccepted(String)
    case tooManyWrongSecrets(String, pause: Duration)

    // An operator registers a peer
    case pasteUnreadable(String)
    case pasteWithoutCertificate
    case pasteWithTwoCertificates
    case pasteWithoutAuthority
    case pasteNotVerified([ChainProblem])
    case pasteWithoutPeerID
    case nameNotValid(String)
    case nameTaken(String)
    case endpointNotHTTPS(String)
    case peerIsThisServer
    case peerKnown(PeerID, as: String)
    case otherPeer(PeerID, expected: PeerID)
    case secretNotValid
    // An operator removes one
    case handoversOpen(String, Int)
    case messagesWaiting(String, Int)
}

extension FederationRefusal {
    /// What the audit trail says; the caller of the federation interface is only told the code.
    package var auditReason: String {
        switch self {
        case .certificateNotAccepted(_, .absent): "certificate: none presented"
        case .certificateNotAccepted(_, .notPinned): "certificate: not pinned by any peer"
        case .certificateNotAccepted(_, .peerDisabled(let name)): "certificate: the peer \(name) is disabled"
        case .certificateNotAccepted(_, .notInForce(let name)): "certificate: of \(name), expired or not yet valid"
        case .secretNotAccepted(let name): "secret: not that of \(name)"
        case .tooManyWrongSecrets(let name, _): "secret: too many wrong ones from \(name)"
        case .pasteUnreadable, .pasteWithoutCertificate, .pasteWithTwoCertificates, .pasteWithoutAuthority,
            .pasteNotVerified, .pasteWithoutPeerID, .nameNotValid, .nameTaken, .endpointNotHTTPS, .peerIsThisServer,
            .peerKnown, .otherPeer, .secretNotValid, .handoversOpen, .messagesWaiting:
            operatorMessage.cause
        }
    }
}

extension FederationRefusal: OperatorCoded {
    package typealias Code = FederationCode

    package var words: Words {
        switch self {
        case .certificateNotAccepted(let presented, _):
            (
                .certificateNotAccepted, "The certificate is not accepted",
                "The presented certificate (sha256 \(presented?.description ?? "none")) is not pinned, "
                    + "is not valid now, or belongs to a disabled peer.",
                "Run `mini-server peer show` and `mini-server audit list` on the server that refuses."
            )
        case .secretNotAccepted:
            (
                .secretNotAccepted, "The secret is not accepted",
                "The presented secret does not match the stored inbound secret.",
                "Set the secrets again with `mini-server peer rotate-secrets` and `mini-server peer set-secret`."
            )
        case .tooManyWrongSecrets(_, let pause):
            (
                .tooManyWrongSecrets, "The peer has presented too many wrong secrets",
                "The peer presented several wrong secrets in a row.",
                "Set the secrets again with `mini-server peer rotate-secrets` and `mini-server peer set-secret`, "
                    + "then retry after \(max(1, (pause.wholeMilliseconds + 999) / 1000)) s."
            )
        case .pasteUnreadable(let reason):
            (.pasteUnreadable, "The paste cannot be read", reason, "Copy the whole PEM text again.")
        case .pasteWithoutCertificate:
            (
                .pemWithoutCertificate, "The federation certificate is missing",
                "The first certificate of the text is a CA certificate.",
                "Paste the whole output of `mini-server peer certificate --show` on the peer."
            )
        case .pasteWithTwoCertificates:
            (
                .pemWithTwoCertificates, "There is more than one federation certificate",
                "All certificates after the first must be CA certificates.", "Paste one certificate with its CA."
            )
        case .pasteWithoutAuthority:
            (
                .pemWithoutCa, "The CA is missing",
                "The text contains the certificate but not the CA that issued it.",
                "Paste the whole output of `mini-server peer certificate --show` on the peer."
            )
        case .pasteNotVerified(let problems):
            (
                .pemNotVerified, "The CA does not verify the certificate",
                problems.map(\.operatorMessage.cause).joined(separator: " "),
                "Paste the whole output of `mini-server peer certificate --show` on the peer."
            )
        case .pasteWithoutPeerID:
            (
                .pemWithoutPeerId, "The certificate names no peer",
                "It does not contain exactly one name \(HandoverURN.peerPrefix)...",
                "Paste a federation certificate, not the certificate of an agent or a listener."
            )
        case .nameNotValid(let name):
            (
                .nameNotValid, "The name is not valid", "\(String(name.prefix(80))) is not a name.",
                "Use 1 to \(Limits.nameBytes) letters, digits, dots, underscores and hyphens."
            )
        case .nameTaken(let name):
            (
                .nameTaken, "The name is taken", "A peer `\(name)` is already registered.", "Choose another name."
            )
        case .endpointNotHTTPS(let endpoint):
            (
                .endpointNotHttps, "The endpoint is not HTTPS", "\(endpoint) does not begin with https://.",
                "Enter the peer's https:// URL."
            )
        case .peerIsThisServer:
            (
                .peerIsThisServer, "The peer is this server", "This server issued the certificate for itself.",
                "Paste the certificate that the peer issued."
            )
        case .peerKnown(let id, let name):
            (
                .peerKnown, "The peer is already registered", "Peer \(id) is registered as `\(name)`.",
                "Update that peer with `mini-server peer update \(name)`."
            )
        case .otherPeer(let id, let expected):
            (
                .otherPeer, "The certificate belongs to another peer",
                "The certificate belongs to peer \(id), not to \(expected).",
                "Check the pasted text, and the endpoint that `mini-server peer show` prints."
            )
        case .handoversOpen(let name, let count):
            (
                .handoversOpen, "Handovers with this peer are open",
                "\(count) handovers with \(name) have not ended.",
                "List them with `mini-server handover list --open`. Cancel each with `mini-server handover cancel`, or wait."
            )
        case .messagesWaiting(let name, let count):
            (
                .messagesWaiting, "Messages wait for this peer",
                "Peer `\(name)` has not received \(count) messages yet.",
                "Find the reason with `mini-server peer ping \(name)`, or drop the messages: "
                    + "`mini-server peer remove \(name) --drop-messages`."
            )
        case .secretNotValid:
            (
                .secretNotValid, "The secret is not valid", "A secret is `opamp-fs.` followed by 43 characters.",
                "Copy the secret again as the peer showed it."
            )
        }
    }
}
