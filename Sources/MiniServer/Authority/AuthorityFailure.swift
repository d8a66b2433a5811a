import Vocabulary

/// This server cannot act as its own authority.
enum AuthorityFailure: Error, Hashable, OperatorExplainable {
    case masterKeyMissing(path: String)
    case masterKeyUnreadable(path: String)
    /// A sealed key does not open: another master key sealed it, or it was altered.
    case sealedUnderAnotherKey(what: String)
    case noActiveKey
    /// It was made while the clock was ahead, or the clock is behind now.
    case activeKeyNotYetValid(from: Timestamp)
    case listenerFiles(reason: String, nextAction: String? = nil)

    var operatorMessage: OperatorMessage {
        switch self {
        case .masterKeyMissing(let path):
            OperatorMessage(
                code: "authority.master-key-missing", title: "The master key is missing",
                cause: "A database exists, but the key file \(path) does not.",
                nextAction:
                    "Restore the key file from its backup; the secrets in the database cannot be decrypted without it."
            )
        case .masterKeyUnreadable(let path):
            OperatorMessage(
                code: "authority.master-key-unreadable", title: "The master key cannot be read",
                cause: "\(path) does not contain 32 bytes in base64url.",
                nextAction: "Restore the key file from its backup."
            )
        case .sealedUnderAnotherKey(let what):
            OperatorMessage(
                code: "authority.sealed-under-another-key", title: "A stored secret cannot be decrypted",
                cause: "The \(what) was sealed under another master key, or was altered.",
                nextAction: "Restore the master key that belongs to this database."
            )
        case .noActiveKey:
            OperatorMessage(
                code: "authority.no-active-key", title: "There is no active CA key",
                cause: "The server cannot sign anything without an active key.",
                nextAction: "Activate a CA key with `mini-server ca rotate`."
            )
        case .activeKeyNotYetValid(let time):
            OperatorMessage(
                code: "authority.key-not-yet-valid", title: "The active CA key is not valid yet",
                cause:
                    "Its certificate is valid from \(time): the clock is behind, or was ahead when the key was created.",
                nextAction: "Correct the clock and start the server again. If the clock is right, run `mini-server "
                    + "ca rotate`; if the server does not start, use an empty data directory."
            )
        case .listenerFiles(let reason, let nextAction):
            OperatorMessage(
                code: "authority.listener-files", title: "The listener certificate cannot be used",
                cause: reason.hasSuffix(".") ? reason : reason + ".",
                nextAction: nextAction
                    ?? "Check --listener-cert and --listener-key: PEM, the key of the first certificate."
            )
        }
    }
}
