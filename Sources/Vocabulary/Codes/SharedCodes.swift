// Codes that server and agent share: one enum for each area.
//
// Tests, the table of HTTP statuses and callers that decide by a code name it here; docs/operator/codes.md lists all codes.

/// Certificates, keys and what is sealed.
public enum CertificateCode: String, OperatorCode {
    public static let area = "certificate"

    case badSignature = "bad-signature"
    case brokenSeal = "broken-seal"
    case expired
    case invalidName = "invalid-name"
    case invalidSealingKey = "invalid-sealing-key"
    case invalidSerial = "invalid-serial"
    case invalidSubject = "invalid-subject"
    case invalidValidity = "invalid-validity"
    case issuerMissing = "issuer-missing"
    case keyMismatch = "key-mismatch"
    case leafNotFirst = "leaf-not-first"
    case library
    case noName = "no-name"
    case notAnAuthority = "not-an-authority"
    case notYetValid = "not-yet-valid"
    case outOfOrder = "out-of-order"
    case pathTooLong = "path-too-long"
    case refused
    case requestNotSigned = "request-not-signed"
    case unknownSeal = "unknown-seal"
    case unreadable
    case unsupportedKey = "unsupported-key"
    case untrusted
    case weak
    case wrongName = "wrong-name"
    case wrongPurpose = "wrong-purpose"
}

/// Files of the agent and the server.
public enum FileCode: String, OperatorCode {
    public static let area = "file"

    case corrupt
    case create
    case inspect
    case link
    case list
    case lock
    case locked
    case newerFormat = "newer-format"
    case notADirectory = "not-a-directory"
    case notAFile = "not-a-file"
    case open
    case read
    case remove
    case rename
    case symbolicLink = "symbolic-link"
    case sync
    case tooLarge = "too-large"
    case tooOpen = "too-open"
    case write
    case wrongOwner = "wrong-owner"
}

/// A handover and its token, on either server and on the agent.
public enum HandoverCode: String, EnvelopeCode {
    public static let area = "handover"

    case agentElsewhere = "agent-elsewhere"
    case agentHasNoLeaf = "agent-has-no-leaf"
    case agentHere = "agent-here"
    case agentLacksCapability = "agent-lacks-capability"
    case alreadyArrived = "already-arrived"
    case alreadyMoved = "already-moved"
    case alreadyRedeemed = "already-redeemed"
    case badChecksum = "bad-checksum"
    case badSignature = "bad-signature"
    case cancelled
    case claimNotSignable = "claim-not-signable"
    case configurationMissing = "configuration-missing"
    case endpointNotMine = "endpoint-not-mine"
    case expired
    case fingerprintMismatch = "fingerprint-mismatch"
    case groupMissing = "group-missing"
    case handoverOpen = "handover-open"
    case leafNotValid = "leaf-not-valid"
    case leafRevoked = "leaf-revoked"
    case listenerNotCovered = "listener-not-covered"
    case malformed
    case mayHaveSettled = "may-have-settled"
    case notRedeemed = "not-redeemed"
    case notYetValid = "not-yet-valid"
    case noticeGap = "notice-gap"
    case noticeNotAllowed = "notice-not-allowed"
    case over
    case peerDisabled = "peer-disabled"
    case peerIncomplete = "peer-incomplete"
    case probationOutOfRange = "probation-out-of-range"
    case refusedBySource = "refused-by-source"
    case signerNotUsable = "signer-not-usable"
    case signingFailed = "signing-failed"
    case sourceUnreachable = "source-unreachable"
    case staleEpoch = "stale-epoch"
    case tokenWouldBeTooLarge = "token-would-be-too-large"
    case tooLarge = "too-large"
    case ttlOutOfRange = "ttl-out-of-range"
    case uidCollision = "uid-collision"
    case unacceptableClaim = "unacceptable-claim"
    case unknown
    case unknownIssuer = "unknown-issuer"
    case unknownSigner = "unknown-signer"
    case wrongAudience = "wrong-audience"
    case wrongEndpoint = "wrong-endpoint"
    case wrongPurpose = "wrong-purpose"
    case wrongServerCa = "wrong-server-ca"
    case wrongType = "wrong-type"
}

/// PEM text.
public enum PEMCode: String, OperatorCode {
    public static let area = "pem"

    case brokenBoundary = "broken-boundary"
    case encryptedKey = "encrypted-key"
    case notBase64 = "not-base64"
    case nothingInside = "nothing-inside"
    case privateKeyInside = "private-key-inside"
    case tooLarge = "too-large"
    case tooMany = "too-many"
    case trustedCertificate = "trusted-certificate"
    case unexpectedBlock = "unexpected-block"
    case unfinishedBlock = "unfinished-block"
    case unreadableBlock = "unreadable-block"
}

/// A signed statement of whom a server trusts.
public enum TrustBundleCode: String, EnvelopeCode {
    public static let area = "trust-bundle"

    case badChecksum = "bad-checksum"
    case badSignature = "bad-signature"
    case malformed
    case signerNotUsable = "signer-not-usable"
    case tooLarge = "too-large"
    case unacceptableClaim = "unacceptable-claim"
    case unknownIssuer = "unknown-issuer"
    case unknownSigner = "unknown-signer"
    case wrongType = "wrong-type"
}

/// An OpAMP message.
public enum WireCode: String, OperatorCode {
    public static let area = "wire"

    case badFieldNumber = "bad-field-number"
    case badWireType = "bad-wire-type"
    case frameEmpty = "frame-empty"
    case frameHeaderMalformed = "frame-header-malformed"
    case frameHeaderNotZero = "frame-header-not-zero"
    case group
    case invalidUtf8 = "invalid-utf8"
    case malformedNumber = "malformed-number"
    case repeatedMessage = "repeated-message"
    case textWithNul = "text-with-nul"
    case tooDeep = "too-deep"
    case tooLarge = "too-large"
    case tooManyFields = "too-many-fields"
    case tooMuchMemory = "too-much-memory"
    case truncated
    case undecodable
    case wrongType = "wrong-type"
}

/// What every signed text can be refused for, whatever it says.
public protocol EnvelopeCode: OperatorCode {
    static var tooLarge: Self { get }
    static var malformed: Self { get }
    static var badChecksum: Self { get }
    static var wrongType: Self { get }
    static var unknownIssuer: Self { get }
    static var unknownSigner: Self { get }
    static var signerNotUsable: Self { get }
    static var badSignature: Self { get }
}
