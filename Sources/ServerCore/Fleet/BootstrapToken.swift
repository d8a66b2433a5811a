import Certificates
package import Vocabulary

/// Lets one new agent enrol, once. Its text form is `Credential.bootstrapToken`.
package struct BootstrapToken: Hashable, Sendable {
    package static let timeToLive = Duration.seconds(15 * 60)...Duration.seconds(168 * 3600)
    package static let defaultTimeToLive = Duration.seconds(24 * 3600)

    /// SHA-256 over the text form, and its identifier in lists.
    package let digest: [UInt8]
    package let group: String?
    package let createdBy: String
    package let createdAt: Timestamp
    package let expiresAt: Timestamp
    package private(set) var usedAt: Timestamp?
    package private(set) var usedBy: AgentID?

    /// A row read from storage.
    package init(
        digest: [UInt8],
        group: String?,
        createdBy: String,
        createdAt: Timestamp,
        expiresAt: Timestamp,
        usedAt: Timestamp? = nil,
        usedBy: AgentID? = nil
    ) {
        self.digest = digest
        self.group = group
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.usedAt = usedAt
        self.usedBy = usedBy
    }

    /// A new token.
    ///
    /// - Throws: `FleetRefusal` when the life is out of range or the group does not exist.
    package static func created(
        digest: [UInt8],
        group: String?,
        groups: Set<String>,
        by creator: String,
        timeToLive: Duration = defaultTimeToLive,
        at now: Timestamp
    ) throws(FleetRefusal) -> BootstrapToken {
        guard Self.timeToLive.contains(timeToLive) else { throw .bootstrapTimeOutOfRange }
        if let group, !groups.contains(group) { throw .groupMissing(group) }
        return BootstrapToken(
            digest: digest, group: group, createdBy: creator, createdAt: now, expiresAt: now + timeToLive)
    }

    /// - Throws: `FleetRefusal` when it was used before or has expired.
    package func check(at now: Timestamp) throws(FleetRefusal) {
        guard usedAt == nil else { throw .bootstrapUsed }
        try checkLife(at: now)
    }

    /// All that is asked of a token whose agent may only want to hear its answer again.
    ///
    /// - Throws: `FleetRefusal` when it has expired.
    package func checkLife(at now: Timestamp) throws(FleetRefusal) {
        guard now < expiresAt else { throw .bootstrapExpired(at: expiresAt) }
    }

    /// The agent identifier of a session that this token opened. It is the same for every bearer of the token, so that
    /// the polls of an enrollment are one conversation, in which the second may omit what the first reported. It is
    /// never a row's identifier: presenting a used token does not prove that the caller is the agent that used it.
    package var bearer: AgentID { AgentID(version7At: createdAt, random: Digest.sha256(digest)) }

    /// The token after this agent has enrolled with it.
    ///
    /// - Throws: as `check`.
    package func used(by agent: AgentID, at now: Timestamp) throws(FleetRefusal) -> BootstrapToken {
        try check(at: now)
        var token = self
        token.usedAt = now
        token.usedBy = agent
        return token
    }
}
