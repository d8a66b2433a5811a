import Vocabulary

/// This server cannot act as its own authority.
enum AuthorityFailure: Error, Hashable, OperatorCoded {
    case masterKeyMissing(path: String)
    case masterKeyUnreadable(path: String)
    /// A sealed key does not open: another master key sealed it, or it was altered.
    case sealedUnderAnotherKey(what: String)
    case noActiveKey
    /// It was made while the clock was ahead, or the clock is behind now.
    case activeKeyNotYetValid(from: Timestamp)
    case listenerFiles(reason: String, nextAction: String? = nil)

    typealias Code = AuthorityFailureCode

    var words: Words {
        switch self {
        case .masterKeyMissing(let path):
            (
                code: .masterKeyMissing, title: "The master key is missing",
                cause: "A database exists, but the key file \(path) does not.",
                nextAction:
                    "Restore the key file from its backup; the secrets in the database cannot be decrypted without it."
            )
        case .masterKeyUnreadable(let path):
            (
                code: .masterKeyUnreadable, title: "The master key cannot be read",
                cause: "\(path) does not contain 32 bytes in base64url.",
                nextAction: "Restore the key file from its backup."
            )
        case .sealedUnderAnotherKey(let what):
            (
                code: .sealedUnderAnotherKey, title: "A stored secret cannot be decrypted",
                cause: "The \(what) was sealed under another master key, or was altered.",
                nextAction: "Restore the master key that belongs to this database."
            )
        case .noActiveKey:
            (
                code: .noActiveKey, title: "There is no active CA key",
                cause: "The server cannot sign anything without an active key.",
                nextAction: "Activate a CA key with `mini-server ca rotate`."
            )
        case .activeKeyNotYetValid(let time):
            (
                code: .keyNotYetValid, title: "The active CA key is not valid yet",
                cause:
                    "Its certificate is valid from \(time): the clock is behind, or was ahead when the key was created.",
                nextAction: "Correct the clock and start the server again. If the clock is right, run `mini-server "
                    + "ca rotate`; if the server does not start, use an empty data directory."
            )
        case .listenerFiles(let reason, let nextAction):
            (
                code: .listenerFiles, title: "The listener certificate cannot be used",
                cause: reason.hasSuffix(".") ? reason : reason + ".",
                nextAction: nextAction
                    ?? "Check --listener-cert and --listener-key: PEM, the key of the first certificate."
            )
        }
    }
}
