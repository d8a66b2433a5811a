package import Vocabulary

/// Asks for a single-use enrolment token.
package struct BootstrapTokenRequest: Codable, Hashable, Sendable {
    /// 15 minutes to 168 hours; a day when absent.
    package var ttlSeconds: Int?
    package var group: String?

    package init(ttlSeconds: Int? = nil, group: String? = nil) {
        self.ttlSeconds = ttlSeconds
        self.group = group
    }
}

/// A credential in plain text: shown once, never again.
package struct CreatedSecret: Codable, Hashable, Sendable {
    package var id: String
    package var text: String
    package var expiresAt: Timestamp?

    package init(id: String, text: String, expiresAt: Timestamp? = nil) {
        self.id = id
        self.text = text
        self.expiresAt = expiresAt
    }
}

/// A bootstrap token without its text.
package struct BootstrapTokenSummary: Codable, Hashable, Sendable {
    package var id: String
    package var group: String?
    package var createdBy: String
    package var createdAt: Timestamp
    package var expiresAt: Timestamp
    package var usedAt: Timestamp?
    package var usedBy: AgentID?

    package init(
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
package struct OperatorTokenRequest: Codable, Hashable, Sendable {
    package var name: String
    package var role: Role
    package var ttlSeconds: Int?

    package init(name: String, role: Role, ttlSeconds: Int? = nil) {
        self.name = name
        self.role = role
        self.ttlSeconds = ttlSeconds
    }
}

/// An operator token without its text.
package struct OperatorTokenSummary: Codable, Hashable, Sendable {
    package var id: String
    package var name: String
    package var role: OpenWord<Role>
    package var createdAt: Timestamp
    package var expiresAt: Timestamp?
    package var lastUsedAt: Timestamp?

    package init(
        id: String,
        name: String,
        role: OpenWord<Role>,
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
