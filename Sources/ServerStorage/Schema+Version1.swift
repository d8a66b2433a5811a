// Identifiers, fingerprints and digests are texts in the form that people see; certificates and secrets are bytes; times
// are milliseconds since 1970. Foreign keys are immediate: a deferred one would fail the commit of a whole group.
extension Schema {
    static let version1 = server + fleet + handovers + logs + stamps

    private static let server = [
        "CREATE TABLE facts (key TEXT PRIMARY KEY NOT NULL, text TEXT NOT NULL) STRICT",
        """
        CREATE TABLE signingKeys (
            key TEXT PRIMARY KEY NOT NULL CHECK (length(key) = 64),
            certificate TEXT NOT NULL,
            sealedKey BLOB NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('draft', 'active', 'trusted', 'retired')),
            since INTEGER NOT NULL
        ) STRICT
        """,
        // A fingerprint, or the name of what it is for.
        """
        CREATE TABLE ownCertificates (
            key TEXT PRIMARY KEY NOT NULL,
            certificate TEXT NOT NULL,
            issuer TEXT NOT NULL,
            sealedKey BLOB NOT NULL,
            createdAt INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE operatorTokens (
            key TEXT PRIMARY KEY NOT NULL CHECK (length(key) = 64),
            name TEXT NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
            createdAt INTEGER NOT NULL,
            expiresAt INTEGER
        ) STRICT
        """,
        """
        CREATE TABLE peers (
            key TEXT PRIMARY KEY NOT NULL CHECK (length(key) = 32),
            name TEXT NOT NULL UNIQUE,
            endpoint TEXT NOT NULL,
            opampEndpoint TEXT,
            pin BLOB NOT NULL,
            previousPin BLOB,
            previousPinUntil INTEGER CHECK (previousPinUntil IS NULL OR previousPin IS NOT NULL),
            serverCAs TEXT NOT NULL,
            agentCAs TEXT NOT NULL,
            tokenSigners TEXT NOT NULL,
            trustVersion INTEGER NOT NULL CHECK (trustVersion >= 0),
            inboundDigest BLOB CHECK (length(inboundDigest) = 32),
            previousInboundDigest BLOB CHECK (previousInboundDigest IS NULL OR inboundDigest IS NOT NULL),
            previousInboundUntil INTEGER CHECK (previousInboundUntil IS NULL OR previousInboundDigest IS NOT NULL),
            outboundSealed BLOB,
            outboundDigest BLOB CHECK ((outboundDigest IS NULL) = (outboundSealed IS NULL)),
            acceptedCertificate TEXT CHECK (length(acceptedCertificate) = 64),
            enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
            lastContact INTEGER,
            lastError TEXT
        ) STRICT
        """,
    ]

    private static let fleet = [
        """
        CREATE TABLE configurations (
            key TEXT PRIMARY KEY NOT NULL,
            contentType TEXT NOT NULL,
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            updatedAt INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE groups (
            key TEXT PRIMARY KEY NOT NULL,
            createdAt INTEGER NOT NULL,
            configuration TEXT REFERENCES configurations (key)
        ) STRICT
        """,
        "CREATE INDEX groups_configuration ON groups (configuration) WHERE configuration IS NOT NULL",
        // An agent that enrolls with a token of a deleted group belongs to no group.
        """
        CREATE TABLE bootstrapTokens (
            key TEXT PRIMARY KEY NOT NULL CHECK (length(key) = 64),
            "group" TEXT REFERENCES groups (key) ON DELETE SET NULL,
            createdBy TEXT NOT NULL,
            createdAt INTEGER NOT NULL,
            expiresAt INTEGER NOT NULL,
            usedAt INTEGER,
            usedBy TEXT CHECK ((usedBy IS NULL) = (usedAt IS NULL))
        ) STRICT
        """,
        "CREATE INDEX bootstrapTokens_group ON bootstrapTokens (\"group\") WHERE \"group\" IS NOT NULL",
        """
        CREATE TABLE leaves (
            fingerprint TEXT PRIMARY KEY NOT NULL CHECK (length(fingerprint) = 64),
            der BLOB NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE agents (
            id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
            displayName TEXT NOT NULL,
            instanceUID TEXT NOT NULL CHECK (length(instanceUID) = 36),
            leaf TEXT REFERENCES leaves (fingerprint),
            previousLeaf TEXT CHECK (length(previousLeaf) = 64),
            previousLeafUntil INTEGER,
            pendingLeaf TEXT REFERENCES leaves (fingerprint),
            leafRevoked INTEGER NOT NULL CHECK (leafRevoked IN (0, 1)),
            capabilities INTEGER NOT NULL,
            "group" TEXT REFERENCES groups (key),
            configuration TEXT REFERENCES configurations (key),
            presence TEXT NOT NULL
                CHECK (presence IN ('live', 'stale', 'offline', 'arriving', 'moved-to-peer', 'withdrawn')),
            movedTo TEXT CHECK ((movedTo IS NOT NULL) = (presence = 'moved-to-peer')),
            movedToName TEXT CHECK ((movedToName IS NULL) = (movedTo IS NULL)),
            epoch INTEGER NOT NULL CHECK (epoch >= 0),
            lastSeen INTEGER,
            offeredSettings BLOB CHECK (length(offeredSettings) = 32),
            copyDetectedAt INTEGER,
            originPeer TEXT,
            originPeerName TEXT,
            originAgent TEXT,
            originHandover TEXT,
            CHECK ((originPeer IS NULL) = (originPeerName IS NULL)),
            CHECK ((originPeer IS NULL) = (originAgent IS NULL)),
            CHECK ((originPeer IS NULL) = (originHandover IS NULL))
        ) STRICT
        """,
        "CREATE UNIQUE INDEX agents_leaf ON agents (leaf) WHERE leaf IS NOT NULL",
        "CREATE INDEX agents_pendingLeaf ON agents (pendingLeaf, id) WHERE pendingLeaf IS NOT NULL",
        "CREATE INDEX agents_previousLeaf ON agents (previousLeaf, id) WHERE previousLeaf IS NOT NULL",
        "CREATE INDEX agents_instanceUID ON agents (instanceUID, id)",
        "CREATE INDEX agents_group ON agents (\"group\", id) WHERE \"group\" IS NOT NULL",
        "CREATE INDEX agents_configuration ON agents (configuration, id) WHERE configuration IS NOT NULL",
        // A leaf that no row names any more is not kept.
        """
        CREATE TRIGGER leaves_of_agents AFTER UPDATE OF leaf, pendingLeaf ON agents
        BEGIN
            DELETE FROM leaves WHERE fingerprint IN (OLD.leaf, OLD.pendingLeaf)
                AND NOT EXISTS (SELECT 1 FROM agents WHERE leaf = fingerprint)
                AND NOT EXISTS (SELECT 1 FROM agents WHERE pendingLeaf = fingerprint);
        END
        """,
        """
        CREATE TABLE reports (
            agent TEXT PRIMARY KEY NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
            description BLOB,
            health BLOB,
            configurationStatus BLOB,
            effectiveConfiguration BLOB,
            components BLOB,
            tooLarge TEXT NOT NULL DEFAULT ''
        ) STRICT
        """,
    ]

    private static let handovers = [
        """
        CREATE TABLE claims (
            id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 32),
            text TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TRIGGER claims_never_change BEFORE UPDATE ON claims
        BEGIN SELECT RAISE(ABORT, 'the claims of a handover never change'); END
        """,
        """
        CREATE TABLE handovers (
            role TEXT NOT NULL CHECK (role IN ('source', 'target')),
            id TEXT NOT NULL REFERENCES claims (id),
            phase TEXT NOT NULL,
            isOpen INTEGER NOT NULL CHECK (isOpen IN (0, 1)),
            concernsAgent INTEGER NOT NULL CHECK (concernsAgent IN (0, 1) AND concernsAgent >= isOpen),
            agent TEXT CHECK (agent IS NOT NULL OR role = 'target'),
            leaf TEXT NOT NULL CHECK (length(leaf) = 64),
            epoch INTEGER NOT NULL CHECK (epoch >= 0),
            peer TEXT NOT NULL CHECK (length(peer) = 32),
            redemption TEXT,
            issuedAt INTEGER NOT NULL,
            deadline INTEGER,
            probationEnds INTEGER,
            returnsFrom INTEGER,
            offerHash BLOB,
            updatedAt INTEGER NOT NULL,
            stamp INTEGER NOT NULL,
            state TEXT NOT NULL,
            PRIMARY KEY (role, id),
            CHECK (CASE role
                WHEN 'source' THEN phase IN ('issued', 'redeemed', 'offered', 'leaving', 'moved', 'settled',
                    'expired', 'cancelled', 'returned')
                ELSE phase IN ('previewed', 'redeeming', 'awaiting', 'connected', 'arrived', 'settled', 'lapsed',
                    'withdrawn')
                END)
        ) STRICT
        """,
        "CREATE INDEX handovers_leaf ON handovers (leaf, role, epoch)",
        """
        CREATE INDEX handovers_binding ON handovers (leaf, role, epoch) WHERE isOpen = 1 OR phase = 'settled'
        """,
        "CREATE INDEX handovers_agent ON handovers (agent, role, epoch)",
        "CREATE INDEX handovers_pending ON handovers (agent, role, epoch) WHERE concernsAgent = 1",
        "CREATE INDEX handovers_phase ON handovers (role, phase)",
        "CREATE INDEX handovers_issued ON handovers (issuedAt, id)",
        "CREATE INDEX handovers_open ON handovers (issuedAt, id) WHERE isOpen = 1",
        "CREATE INDEX handovers_open_side ON handovers (role, id) WHERE isOpen = 1",
    ]

    private static let logs = [
        """
        CREATE TABLE outbox (
            number INTEGER PRIMARY KEY,
            handover TEXT NOT NULL CHECK (length(handover) = 32),
            role TEXT NOT NULL CHECK (role IN ('source', 'target')),
            sequence INTEGER NOT NULL CHECK (sequence > 0),
            peer TEXT NOT NULL CHECK (length(peer) = 32),
            notice TEXT NOT NULL,
            UNIQUE (handover, role, sequence)
        ) STRICT
        """,
        """
        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            role TEXT NOT NULL,
            action TEXT NOT NULL,
            entityType TEXT NOT NULL,
            entityID TEXT NOT NULL,
            before TEXT,
            after TEXT,
            sourceAddress TEXT,
            traceID TEXT,
            originPeerID TEXT,
            additional TEXT NOT NULL,
            previousHash BLOB NOT NULL CHECK (length(previousHash) = 32),
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            handover TEXT
        ) STRICT
        """,
        "CREATE INDEX audit_handover ON audit (handover, sequence) WHERE handover IS NOT NULL",
        // Who may delete is decided by the checkpoint row that must stand there first: only a prefix, never a gap.
        """
        CREATE TABLE auditCheckpoint (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            sequence INTEGER NOT NULL,
            hash BLOB NOT NULL,
            count INTEGER NOT NULL,
            by TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
        """,
        """
        CREATE TRIGGER audit_never_forgets BEFORE DELETE ON audit
        WHEN OLD.sequence > (SELECT coalesce(max(sequence), 0) FROM auditCheckpoint)
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
        """,
        // `INSERT OR REPLACE` removes the row in its way without the trigger on DELETE, so that an entry may only be
        // added right behind the last one, or behind the checkpoint when nothing else is left.
        """
        CREATE TRIGGER audit_only_appends BEFORE INSERT ON audit
        WHEN NEW.sequence IS NOT 1 + max(
            (SELECT coalesce(max(sequence), 0) FROM audit),
            (SELECT coalesce(max(sequence), 0) FROM auditCheckpoint))
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
        """,
    ]

    private static let keptTables = ["peers", "ownCertificates", "signingKeys", "groups", "configurations"]

    /// Every change of a table replaces its stamp with a new random number, so that values kept in memory can be
    /// recognized as outdated.
    private static let stamps =
        [
            """
            CREATE TABLE changes (topic TEXT PRIMARY KEY NOT NULL, stamp INTEGER NOT NULL) STRICT, WITHOUT ROWID
            """
        ]
        + keptTables.map { "INSERT INTO changes (topic, stamp) VALUES ('\($0)', random())" }
        + keptTables.flatMap { table in
            ["INSERT", "UPDATE", "DELETE"].map { change in
                """
                CREATE TRIGGER \(table)_\(change.lowercased())_stamp AFTER \(change) ON \(table)
                BEGIN UPDATE changes SET stamp = random() WHERE topic = '\(table)'; END
                """
            }
        }
}
