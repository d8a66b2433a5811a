public import Vocabulary

/// The purpose of a certificate that a server of this project issues; it determines every extension.
public enum CertificateProfile: Hashable, Sendable {
    /// Signs leaves and handover tokens; no further authority below it.
    case authority
    /// Is an agent: `urn:opamp-handover:agent:<row id>`.
    case agentLeaf(AgentID)
    /// Is a server towards its peers: `urn:opamp-handover:peer:<id>`.
    case federation(PeerID)
    /// Is a server towards those that dial it, under DNS names or IP addresses.
    case listener(names: [String])
}

/// The first second in which a certificate is valid, and the first in which it is no longer (as OpenSSL counts).
public struct Validity: Hashable, Sendable {
    public let notBefore: Timestamp
    public let notAfter: Timestamp

    public init(notBefore: Timestamp, notAfter: Timestamp) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }
}
