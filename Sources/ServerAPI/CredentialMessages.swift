public import Vocabulary

/// Asks for a single-use enrolment token.
public struct BootstrapTokenRequest: Codable, Hashable, Sendable {
    /// 15 minutes to 168 hours; a day when absent.
    public var ttlSeconds: Int?
    public var group: String?

    public init(ttlSeconds: Int? = nil, group: String? = nil) {
        self.ttlSeconds = ttlSeconds
        self.group = group
    }
}

/// A credential in plain text: shown once, never again.
public struct CreatedSecret: Codable, Hashable, Sendable {
    public var id: String
    public var text: String
    public var expiresAt: Timestamp?

    public init(id: String, text: String, expiresAt: Timestamp? = nil) {
        self.id = id
        self.text = text
        self.expiresAt = expiresAt
    }
}

/// A bootstrap token without its text.
public struct BootstrapTokenSummary: Codable, Hashable, Sendable {
    public var id: String
    public var group: String?
    public var createdBy: String
    public var createdAt: Timestamp
    public var expiresAt: Timestamp
    public var usedAt: Timestamp?
    public var usedBy: AgentID?

    public init(
        id: String,
        group: String? = nil,
        createdBy: String,
        createdAt: Timestamp,
        expiresAt: Timestamp,
        usedAt: Timestamp? = nil,
        usedBy: AgentID? = nil
    ) {
        self.id = id
        self.group = group
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.usedAt = usedAt
        self.usedBy = usedBy
    }
}

/// Asks for a token of the operator interface.
public struct OperatorTokenRequest: Codable, Hashable, Sendable {
    public var name: String
    /// `viewer`, `operator` or `admin`.
    public var role: String
    public var ttlSeconds: Int?

    public init(name: String, role: String, ttlSeconds: Int? = nil) {
        self.name = name
        self.role = role
        self.ttlSeconds = ttlSeconds
    }
}

/// An operator token without its text.
public struct OperatorTokenSummary: Codable, Hashable, Sendable {
    public var id: String
    public var name: String
    public var role: String
    public var createdAt: Timestamp
    public var expiresAt: Timestamp?
    public var lastUsedAt: Timestamp?

    public init(
        id: String,
        name: String,
        role: String,
        createdAt: Timestamp,
        expiresAt: Timestamp? = nil,
        lastUsedAt: Timestamp? = nil
    ) {
        self.id = id
        self.name = name
        self.role = role
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
    }
}
