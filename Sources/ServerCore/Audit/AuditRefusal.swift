package import Vocabulary

/// Why something is not done to the audit trail.
package enum AuditRefusal: Error, Hashable, Sendable {
    /// What is to be deleted does not verify, and would be evidence.
    case broken(String)
}

extension AuditRefusal: OperatorCoded {
    package typealias Code = AuditCode

    package var words: Words {
        switch self {
        case .broken(let verdict):
            (
                code: .broken, title: "The audit trail is not intact",
                cause: "In what would be deleted, \(verdict). Nothing was deleted.",
                nextAction: """
                Keep a copy of the database file as it is, compare it with a backup, and see `mini-server audit \
                verify`.
                """
            )
        }
    }
}
