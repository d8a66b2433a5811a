public import Vocabulary

extension CertificateFailure: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        switch self {
        case .unreadable(let material, let reasons):
            OperatorMessage(
                code: "certificate.unreadable", title: "A \(material.rawValue) could not be read",
                cause: "The bytes are not a \(material.rawValue)\(Self.list(reasons)).",
                nextAction: "Export it again, as PEM, from where it was made.")
        case .pem(let refusal): refusal.operatorMessage
        case .unsupportedKey(let material):
            OperatorMessage(
                code: "certificate.unsupported-key", title: "The kind of key is not supported",
                cause: "The \(material.rawValue) is not on the curve P-256.",
                nextAction: "Make a new key pair on P-256 (prime256v1).")
        case .requestNotSigned:
            OperatorMessage(
                code: "certificate.request-not-signed", title: "The signing request is not genuine",
                cause: "It was not signed with the private key of the public key inside it.",
                nextAction: "Make the request again on the host that holds the key.")
        case .keyMismatch:
            OperatorMessage(
                code: "certificate.key-mismatch", title: "Certificate and key do not belong together",
                cause: "The public key in the certificate is not that of the private key.",
                nextAction: "Find the key the certificate was issued for, or issue a new certificate.")
        case .notAnAuthority(let subject):
            OperatorMessage(
                code: "certificate.not-an-authority", title: "The certificate is not an authority's",
                cause: "\(subject) may not sign other certificates.",
                nextAction: "Use the certificate of the CA itself.")
        case .invalidSubject:
            OperatorMessage(
                code: "certificate.invalid-subject", title: "The subject is not acceptable",
                cause: "A subject is 1 to 64 characters without control characters.",
                nextAction: "Choose another subject.")
        case .invalidName(let name):
            OperatorMessage(
                code: "certificate.invalid-name", title: "A listener's name is not acceptable",
                cause: name.isEmpty
                    ? "A listener needs at least one name."
                    : "\"\(name.printable(upTo: 64))\" is neither a host name nor an IP address.",
                nextAction: "Give the names under which agents and peers dial this server.")
        case .invalidSerial:
            OperatorMessage(
                code: "certificate.invalid-serial", title: "The serial number is not acceptable",
                cause: "A serial number is 1 to 20 bytes and not zero.",
                nextAction: "Report this as a defect.")
        case .invalidValidity:
            OperatorMessage(
                code: "certificate.invalid-validity", title: "The validity is not acceptable",
                cause: "A certificate must end after it begins, within the years 0 to 9999.",
                nextAction: "Check the clock and the configured lifetimes.")
        case .invalidSealingKey(let bytes):
            OperatorMessage(
                code: "certificate.invalid-sealing-key", title: "The master key is not acceptable",
                cause: "It has \(bytes) bytes instead of 32.",
                nextAction: "Restore the master key file from its backup.")
        case .unknownSeal:
            OperatorMessage(
                code: "certificate.unknown-seal", title: "A sealed secret has an unknown format",
                cause: "It is too short, or was sealed by a newer version.",
                nextAction: "Upgrade to the version that wrote it, or enter the secret again.")
        case .brokenSeal:
            OperatorMessage(
                code: "certificate.broken-seal", title: "A sealed secret cannot be opened",
                cause: "It was changed or moved, or the master key is not the one it was sealed with.",
                nextAction: "Restore the master key that belongs to this database, or enter the secret again.")
        case .library(let operation, let reasons):
            OperatorMessage(
                code: "certificate.library", title: "OpenSSL could not \(operation)",
                cause: "It gave these reasons\(reasons.isEmpty ? ": none" : Self.list(reasons)).",
                nextAction: "Check the host's OpenSSL configuration.")
        }
    }

    private static func list(_ reasons: [String]) -> String {
        reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")
    }
}

extension PEMRefusal: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        switch self {
        case .tooLarge(let bytes, let limit):
            OperatorMessage(
                code: "pem.too-large", title: "The PEM text is too large",
                cause: "It has \(bytes) bytes, \(limit) are allowed.",
                nextAction: "Give only the certificates that are needed.")
        case .privateKeyInside:
            OperatorMessage(
                code: "pem.private-key-inside", title: "The text contains a private key",
                cause: "Only public certificates belong here; the text was not kept.",
                nextAction: "Paste the certificates alone, and consider the key exposed: replace it.")
        case .unexpectedBlock(let label):
            OperatorMessage(
                code: "pem.unexpected-block", title: "The text contains something else",
                cause: "A block is labelled \"\(label.printable(upTo: 64))\".",
                nextAction: "Paste only what is asked for.")
        case .nothingInside(let expected):
            OperatorMessage(
                code: "pem.nothing-inside", title: "The text contains nothing of what was asked for",
                cause: "There is no line -----BEGIN \(expected)-----.",
                nextAction: "Paste the whole PEM text, with its BEGIN and END lines.")
        case .tooMany(let limit):
            OperatorMessage(
                code: "pem.too-many", title: "The text contains too many blocks",
                cause: "At most \(limit) are allowed.",
                nextAction: "Give only the certificates that are needed.")
        case .strayText(let line):
            OperatorMessage(
                code: "pem.stray-text", title: "There is other text between the blocks",
                cause: "Line \(line) is neither part of a block nor empty nor a # comment.",
                nextAction: "Remove everything outside of BEGIN and END.")
        case .damagedBlock(let line):
            OperatorMessage(
                code: "pem.damaged-block", title: "A block is damaged",
                cause: "The block that begins on line \(line) has no end or is not base64 inside.",
                nextAction: "Copy it again, whole.")
        }
    }
}
