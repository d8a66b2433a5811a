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

    /// Who a request comes from; `nil` unless its bearer text is one of these tokens and in force. Every token is
    /// compared, so the time taken does not tell which one was nearly right.
    public static func bearer(_ text: String, among tokens: [OperatorToken], at now: Timestamp) -> OperatorToken? {
        guard let digest = Credential.operatorToken.digest(of: text) else { return nil }
        let holders = tokens.filter { constantTimeEqual($0.digest, digest) }
        return holders.first { token in token.expiresAt.map { now < $0 } ?? true }
    }
}
