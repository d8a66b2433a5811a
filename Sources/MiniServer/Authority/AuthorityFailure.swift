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
                cause: "There is a database but no key file at \(path).",
                nextAction: "Restore the key file from its backup; without it the database's secrets cannot be opened."
            )
        case .masterKeyUnreadable(let path):
            OperatorMessage(
                code: "authority.master-key-unreadable", title: "The master key cannot be read",
                cause: "\(path) does not hold 32 bytes in base64url.",
                nextAction: "Restore the key file from its backup."
            )
        case .sealedUnderAnotherKey(let what):
            OperatorMessage(
                code: "authority.sealed-under-another-key", title: "A stored secret does not open",
                cause: "The \(what) was sealed under another master key, or was altered.",
                nextAction: "Put the master key beside the database that it belongs to."
            )
        case .noActiveKey:
            OperatorMessage(
                code: "authority.no-active-key", title: "There is no active CA key",
                cause: "Nothing can be signed while no key is in the state active.",
                nextAction: "Activate a CA key with `mini-server ca rotate`."
            )
        case .activeKeyNotYetValid(let time):
            OperatorMessage(
                code: "authority.key-not-yet-valid", title: "The active CA key is not valid yet",
                cause: "Its certificate is valid from \(time): the clock is behind, or was ahead when it was made.",
                nextAction: "Correct the clock and start again. If the clock is right, `mini-server ca rotate` makes "
                    + "another key; a server that does not start must begin anew in an empty data directory."
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
