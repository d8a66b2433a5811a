// Codes that only a server says: one enum for each area.
//
// Tests, the table of HTTP statuses and callers that decide by a code name it here; docs/operator/codes.md lists all codes.

/// How a server is reached.
package enum AddressCode: String, OperatorCode {
    package static let area = "address"

    case certificate
    case certificateName = "certificate-name"
    case certificateUntrusted = "certificate-untrusted"
    case publicEndpoint = "public-endpoint"
    case unspecified
}

/// The audit trail.
package enum AuditCode: String, OperatorCode {
    package static let area = "audit"

    case broken
}

/// The rules for this server's CA keys.
package enum SigningKeyCode: String, OperatorCode {
    package static let area = "ca"

    case keyKnownAlone = "key-known-alone"
    case keyNotDraft = "key-not-draft"
    case keyNotTrusted = "key-not-trusted"
    case keyNotYetValid = "key-not-yet-valid"
    case keyStillNeeded = "key-still-needed"
    case keyVouchesForAgents = "key-vouches-for-agents"
    case tooManyKeys = "too-many-keys"
}

/// A call to a peer.
package enum CallCode: String, OperatorCode {
    package static let area = "call"

    case noCertificate = "no-certificate"
    case noSecret = "no-secret"
    case status
    case unreadable
}

/// Peers: how they are registered, authenticated and called.
package enum FederationCode: String, OperatorCode {
    package static let area = "federation"

    case certificateNotAccepted = "certificate-not-accepted"
    case endpointNotHttps = "endpoint-not-https"
    case handoversOpen = "handovers-open"
    case messagesWaiting = "messages-waiting"
    case nameNotValid = "name-not-valid"
    case nameTaken = "name-taken"
    case otherPeer = "other-peer"
    case pasteUnreadable = "paste-unreadable"
    case peerIsThisServer = "peer-is-this-server"
    case peerKnown = "peer-known"
    case pemNotVerified = "pem-not-verified"
    case pemWithTwoCertificates = "pem-with-two-certificates"
    case pemWithoutCa = "pem-without-ca"
    case pemWithoutCertificate = "pem-without-certificate"
    case pemWithoutPeerId = "pem-without-peer-id"
    case pingCertificateNotAccepted = "ping-certificate-not-accepted"
    case pingNotAPeer = "ping-not-a-peer"
    case pingOtherPeer = "ping-other-peer"
    case pingSecretNotAccepted = "ping-secret-not-accepted"
    case pingServerError = "ping-server-error"
    case pingTimeout = "ping-timeout"
    case pingTls = "ping-tls"
    case pingTooManyWrongSecrets = "ping-too-many-wrong-secrets"
    case pingUnreachable = "ping-unreachable"
    case secretNotAccepted = "secret-not-accepted"
    case secretNotValid = "secret-not-valid"
    case tooManyWrongSecrets = "too-many-wrong-secrets"
}

/// Agents, their certificates, groups, configurations and bootstrap tokens.
package enum FleetCode: String, OperatorCode {
    package static let area = "fleet"

    case bootstrapExpired = "bootstrap-expired"
    case bootstrapTtlOutOfRange = "bootstrap-ttl-out-of-range"
    case bootstrapUnknown = "bootstrap-unknown"
    case bootstrapUsed = "bootstrap-used"
    case configurationMissing = "configuration-missing"
    case groupMissing = "group-missing"
    case handoverUnderWay = "handover-under-way"
    case inUse = "in-use"
    case instanceUidNotValid = "instance-uid-not-valid"
    case leafAbsent = "leaf-absent"
    case leafClone = "leaf-clone"
    case leafEarly = "leaf-early"
    case leafNotAwaited = "leaf-not-awaited"
    case leafNotHere = "leaf-not-here"
    case leafNotIssued = "leaf-not-issued"
    case leafOtherAgent = "leaf-other-agent"
    case leafReplaced = "leaf-replaced"
    case leafRevoked = "leaf-revoked"
    case leafUnknown = "leaf-unknown"
    case remoteAgent = "remote-agent"
    case requestMissing = "request-missing"
    case requestNotValid = "request-not-valid"
}

/// The server's keys and its listener certificate.
package enum AuthorityFailureCode: String, OperatorCode {
    package static let area = "authority"

    case keyNotYetValid = "key-not-yet-valid"
    case listenerFiles = "listener-files"
    case masterKeyMissing = "master-key-missing"
    case masterKeyUnreadable = "master-key-unreadable"
    case noActiveKey = "no-active-key"
    case sealedUnderAnotherKey = "sealed-under-another-key"
}

/// What this server does not have.
package enum NotFoundCode: String, OperatorCode {
    package static let area = "not-found"

    case agent
    case peer
}

/// Who may make a request of the operator interface.
package enum OperatorAccessCode: String, OperatorCode {
    package static let area = "operator"

    case notAuthenticated = "not-authenticated"
    case roleTooLow = "role-too-low"
}

/// A request, before any rule of the product is asked.
package enum RequestCode: String, OperatorCode {
    package static let area = "request"

    case endpoint
    case methodNotAllowed = "method-not-allowed"
    case notFound = "not-found"
    case parameter
    case tooLarge = "too-large"
    case unreadable
}

/// A failure inside the server.
package enum ServerFailureCode: String, OperatorCode {
    package static let area = "server"

    case failed
}

/// What stops a start.
package enum StartCode: String, OperatorCode {
    package static let area = "start"

    case databaseLost = "database-lost"
    case otherDatabase = "other-database"
}

/// The server's database.
package enum StorageCode: String, OperatorCode {
    package static let area = "storage"

    case foreign
    case newerSchema = "newer-schema"
    case outcomeUnknown = "outcome-unknown"
    case refused
    case unopened
    case unreadable
}
