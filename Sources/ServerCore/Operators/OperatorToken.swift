public import Vocabulary

/// A bearer token of the operator interface as it is kept. Its text form is `Credential.operatorToken`.
public struct OperatorToken: Hashable, Sendable {
    /// The actor in the audit trail.
    public var name: String
    public var role: Role
    /// SHA-256 over the text form.
    public var digest: [UInt8]
    public var createdAt: Timestamp
    public var expiresAt: Timestamp?

    public init(name: String, role: Role, digest: [UInt8], createdAt: Timestamp, expiresAt: Timestamp? = nil) {
        self.name = name
        self.role = role
        self.digest = digest
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    public func isInForce(at now: Timestamp) -> Bool { expiresAt.map { now < $0 } ?? true }
}
