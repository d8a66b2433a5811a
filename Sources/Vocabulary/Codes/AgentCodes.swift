// Codes that only the agent says: one enum for each area.

/// Why an agent refuses connection settings.
public enum OfferCode: String, OperatorCode {
    public static let area = "offer"

    case badCABundle = "bad-ca-bundle"
    case badCertificate = "bad-certificate"
    case badEndpoint = "bad-endpoint"
    case badHeader = "bad-header"
    case badPrivateKey = "bad-private-key"
    case badProxy = "bad-proxy"
    case badTLSVersion = "bad-tls-version"
    case certificateOfAnotherKey = "certificate-of-another-key"
    case endpointNotAllowed = "endpoint-not-allowed"
    case leafChangeInHandover = "leaf-change-in-handover"
    case leafChangeOnProbation = "leaf-change-on-probation"
    case leavesTLS = "leaves-tls"
    case noTokenSigners = "no-token-signers"
    case otherServerWhileEnrolling = "other-server-while-enrolling"
    case otherSettingsOnly = "other-settings-only"
    case rejectedByHost = "rejected-by-host"
    case privateKeyOffered = "private-key-offered"
    case skipsVerification = "skips-verification"
    case stateNotWritable = "state-not-writable"
    case tlsTooOld = "tls-too-old"
    case tokenMissing = "token-missing"
    case rootsNotStated = "roots-not-stated"
    case proxyWithoutToken = "proxy-without-token"
    case standbyAtHome = "standby-at-home"
    case standbyBesideSettings = "standby-beside-settings"
    case standbyOff = "standby-off"
    case standbyWithoutToken = "standby-without-token"
    case tokenWithoutLeaf = "token-without-leaf"
    case tooLarge = "too-large"
    case leafOfTheHost = "leaf-of-the-host"
    case tooManyAdoptions = "too-many-adoptions"
    case tooManyAttempts = "too-many-attempts"
    case tooManyHeaders = "too-many-headers"
    case unknownCipherSuite = "unknown-cipher-suite"
}

/// The agent's saved state.
public enum StateCode: String, OperatorCode {
    public static let area = "state"

    case keyMissing = "key-missing"
    case keyOfAnother = "key-of-another"
    case lost
    case malformed
    case notJSON = "not-json"
    case unknownVersion = "unknown-version"
}

/// The agent's configuration file.
public enum ConfigurationCode: String, OperatorCode {
    public static let area = "configuration"

    case badFile = "bad-file"
    case badValue = "bad-value"
    case conflict
    case missingKey = "missing-key"
    case notYAML = "not-yaml"
    case unknownKey = "unknown-key"
    case unreadable
    case wrongForm = "wrong-form"
}

/// `opamp-agent enroll`. A server that is not reached is named by the code of its cause, as `enrolment.tls-name`.
public enum EnrolmentCode: String, OperatorCode {
    public static let area = "enrolment"

    case noToken = "no-token"
    case nothingToRenew = "nothing-to-renew"
    case leafOfTheHost = "leaf-of-the-host"
    case settingsNotAccepted = "settings-not-accepted"
    case refused
    case tooLong = "too-long"
}

/// The agent's network loop.
public enum TransportCode: String, OperatorCode {
    public static let area = "transport"

    case context
    case socket
    case thread
}
