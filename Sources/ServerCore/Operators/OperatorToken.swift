package import Vocabulary

/// A bearer token of the operator interface as it is kept. Its text form is `Credential.operatorToken`.
package struct OperatorToken: Hashable, Sendable {
    /// The actor in the audit trail.
    package var name: String
    package var role: Role
    /// SHA-256 over the text form.
    package var digest: [UInt8]
    package var createdAt: Timestamp
    package var expiresAt: Timestamp?

    package init(name: String, role: Role, digest: [UInt8], createdAt: Timestamp, expiresAt: Timestamp? = nil) {
        self.name = name
        self.role = role
        self.digest = digest
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    package func isInForce(at now: Timestamp) -> Bool { expiresAt.map { now < $0 } ?? true }
}
