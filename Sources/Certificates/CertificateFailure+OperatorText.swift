public import Vocabulary

extension CertificateFailure: OperatorCoded {
    public typealias Code = CertificateCode

    /// What is wrong with a PEM text has the codes of that.
    public var operatorMessage: OperatorMessage {
        if case .pem(let refusal) = self { return refusal.operatorMessage }
        return Self.message(words)
    }

    public var words: Words {
        switch self {
        case .unreadable(let material, let reasons):
            (
                code: .unreadable, title: "A \(material.rawValue) could not be read",
                cause: "The bytes are not a \(material.rawValue)\(Self.list(reasons)).",
                nextAction: "Export it again as PEM from its origin."
            )
        case .pem(let refusal):
            (.unreadable, refusal.words.title, refusal.words.cause, refusal.words.nextAction)
        case .unsupportedKey(let material, let algorithm, let accepted):
            (
                code: .unsupportedKey, title: "The kind of key is not supported",
                cause: "The \(material.rawValue) is \(algorithm); accepted here: \(accepted.rawValue).",
                nextAction: algorithm == .explicitCurve
                    ? "Write the key with a named curve: openssl pkey -in KEY -ec_param_enc named_curve -out KEY2."
                    : "Make another key pair: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY."
            )
        case .requestNotSigned:
            (
                code: .requestNotSigned, title: "The signing request is not genuine",
                cause: "It was not signed with the private key that belongs to its public key.",
                nextAction: "Create the request again on the host that has the key."
            )
        case .keyMismatch:
            (
                code: .keyMismatch, title: "Certificate and key do not belong together",
                cause: "The certificate's public key does not match the private key.",
                nextAction: "Find the key the certificate was issued for, or issue a new certificate."
            )
        case .notAnAuthority(let subject):
            (
                code: .notAnAuthority, title: "The certificate is not a CA certificate",
                cause: "\(subject) may not sign other certificates.",
                nextAction: "Use the certificate of the CA itself."
            )
        case .invalidSubject:
            (
                code: .invalidSubject, title: "The subject is not acceptable",
                cause: "A subject is 1 to 64 characters without control characters.",
                nextAction: "Choose another subject."
            )
        case .invalidName(let name):
            (
                code: .invalidName, title: "A listener's name is not acceptable",
                cause: name.isEmpty
                    ? "A listener needs at least one name."
                    : "\"\(name.printable(upTo: 64))\" is neither a host name nor an IP address.",
                nextAction: "Use the names that agents and peers use to reach this server."
            )
        case .invalidSerial:
            (
                code: .invalidSerial, title: "The serial number is not acceptable",
                cause: "A serial number is 1 to 20 bytes and not zero.",
                nextAction: "Report this as a defect."
            )
        case .invalidValidity:
            (
                code: .invalidValidity, title: "The validity is not acceptable",
                cause: "A certificate must end after it begins, within the years 0 to 9999.",
                nextAction: "Check the clock and the configured lifetimes."
            )
        case .invalidSealingKey(let bytes):
            (
                code: .invalidSealingKey, title: "The master key is not acceptable",
                cause: "It has \(bytes) bytes instead of 32.",
                nextAction: "Restore the master key file from its backup."
            )
        case .unknownSeal:
            (
                code: .unknownSeal, title: "A sealed secret has an unknown format",
                cause: "It is too short, or was sealed by a newer version.",
                nextAction: "Upgrade to the version that wrote it, or enter the secret again."
            )
        case .brokenSeal:
            (
                code: .brokenSeal, title: "A sealed secret cannot be opened",
                cause: "It was changed or moved, or the master key is not the one it was sealed with.",
                nextAction: "Restore the master key that belongs to this database, or enter the secret again."
            )
        case .library(let operation, let reasons):
            (
                code: .library, title: "OpenSSL could not \(operation)",
                cause: "OpenSSL reports these reasons\(reasons.isEmpty ? ": none" : Self.list(reasons)).",
                nextAction: "Check the host's OpenSSL configuration."
            )
        }
    }

    private static func list(_ reasons: [String]) -> String {
        reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")
    }
}

extension PEMRefusal: OperatorCoded {
    public typealias Code = PEMCode

    public var words: Words {
        switch self {
        case .tooLarge(let bytes, let limit):
            (
                code: .tooLarge, title: "The PEM text is too large",
                cause: "It has \(bytes) bytes, \(limit) are allowed.",
                nextAction: "Provide only the certificates that are needed."
            )
        case .privateKeyInside(let line):
            (
                code: .privateKeyInside, title: "The text contains a private key",
                cause:
                    "A private key begins on line \(line). Only public certificates belong here; the text was not kept.",
                nextAction: "Provide the certificates only. If the text has left the key's host, replace the key."
            )
        case .encryptedKey(let line):
            (
                code: .encryptedKey, title: "The private key is encrypted",
                cause:
                    "The private key that begins on line \(line) is encrypted, and this program cannot ask for its passphrase.",
                nextAction:
                    "Decrypt it with `openssl pkey -in KEY -out KEY2`, and protect the file by its mode (0600). "
                    + "For the certificate of an agent, `tls.key_passphrase_file` can name a file with the passphrase instead."
            )
        case .trustedCertificate(let line):
            (
                code: .trustedCertificate, title: "The certificate carries trust settings",
                cause:
                    "The block that begins on line \(line) is a TRUSTED CERTIFICATE; this program does not evaluate its settings.",
                nextAction: "Inspect them with `openssl x509 -text`. If the certificate may be used, convert it with "
                    + "`openssl x509 -in FILE -out FILE2`."
            )
        case .unexpectedBlock(let label, let line):
            (
                code: .unexpectedBlock, title: "The text contains an unexpected block",
                cause: "The block that begins on line \(line) is labelled \"\(label.printable(upTo: 64))\".",
                nextAction: "Remove this block."
            )
        case .nothingInside(let expected, let found):
            (
                code: .nothingInside, title: "The text does not contain the expected block",
                cause: "There is no line -----BEGIN \(expected)-----"
                    + (found.isEmpty ? "." : "; it holds \(Self.list(found))."),
                nextAction: found.isEmpty
                    ? "Give the whole PEM text, with its BEGIN and END lines; OpenSSL converts DER with `-inform DER`."
                    : "Check that it is the right text."
            )
        case .tooMany(let limit):
            (
                code: .tooMany, title: "The text contains too many blocks",
                cause: limit == 1 ? "Only one is allowed." : "At most \(limit) are allowed.",
                nextAction: "Remove the blocks that are not needed."
            )
        case .brokenBoundary(let line):
            (
                code: .brokenBoundary, title: "A BEGIN or END line is damaged",
                cause: "Line \(line) has a BEGIN or END between dashes that is incomplete or not alone on its line.",
                nextAction: "Copy the text again, or put each BEGIN and END on a separate line."
            )
        case .unfinishedBlock(let line):
            (
                code: .unfinishedBlock, title: "A block has no end",
                cause: "The END line of the block that begins on line \(line) is missing or has another label.",
                nextAction: "Copy the whole block again."
            )
        case .notBase64(let line):
            (
                code: .notBase64, title: "A block is damaged",
                cause: "The block that begins on line \(line) does not contain valid base64.",
                nextAction: "Copy the whole block again."
            )
        case .unreadableBlock(let material, let line, let reasons):
            (
                code: .unreadableBlock, title: "A \(material.rawValue) could not be read",
                cause: "The block that begins on line \(line) is not a \(material.rawValue)"
                    + (reasons.isEmpty ? "." : ": \(reasons.joined(separator: "; "))."),
                nextAction: "Export it again as PEM from its origin."
            )
        }
    }

    private static func list(_ labels: [String]) -> String {
        Set(labels).sorted().prefix(4).map { "\"\($0.printable(upTo: 64))\"" }.joined(separator: ", ")
    }
}
