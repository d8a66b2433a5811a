internal import COpenSSL
public import Vocabulary

/// Says whether a certificate may be what it claims to be, and if not, everything that is wrong with it.
///
/// An anchor is a CA certificate that was given as one: an intermediate among the anchors ends a chain as a root does
/// (`X509_V_FLAG_PARTIAL_CHAIN`), and an anchor that is not a CA's is passed over. The system's roots never count.
/// There is no revocation check here: a server revokes by fingerprint.
public enum ChainCheck {
    public enum Purpose: Hashable, Sendable {
        /// The other end of a dial to this host: a DNS name or an IP address without brackets. Names are looked for
        /// among the subject alternative names only (RFC 9525); the common name never counts.
        case server(host: String)
        /// An agent or a peer that dials us: must state clientAuth and must not be a CA.
        case client
        /// An authority whose signature stands under a token or a trust statement.
        case signer
    }

    /// Every reason against the certificate, each once; none if it passes. What has passed is not verified again as long as
    /// none of the certificates changes from being in force to not being.
    ///
    /// - Parameters:
    ///   - intermediates: what the other side sent beside its leaf; they are believed only as links of a chain.
    ///   - now: the time at which every certificate of the chain must be valid.
    public static func problems(
        leaf: Certificate,
        intermediates: [Certificate] = [],
        anchors: [Certificate],
        purpose: Purpose,
        at now: Timestamp
    ) -> [ChainProblem] {
        let question = PassedChains.Question(
            leaf: leaf, intermediates: intermediates, anchors: anchors, purpose: purpose)
        if PassedChains.have(question, at: now) { return [] }
        let problems = found(leaf, intermediates, anchors, purpose, at: now)
        if problems.isEmpty { PassedChains.remember(question, [leaf] + intermediates + anchors, at: now) }
        return problems
    }

    private static func found(
        _ leaf: Certificate, _ intermediates: [Certificate], _ anchors: [Certificate], _ purpose: Purpose,
        at now: Timestamp
    ) -> [ChainProblem] {
        let verification = ChainVerification(leaf: leaf, intermediates: intermediates, anchors: anchors, at: now)
        var problems: [ChainProblem]
        do {
            problems = try verification.findings(purpose: purpose.libraryPurpose).map(ChainProblem.init)
        } catch {
            problems = [.other(error.operatorMessage.cause)]
        }
        problems += rightsMissing(leaf, for: purpose)
        if case .server(let host) = purpose { problems += nameProblems(leaf, host: host) }
        var seen: Set<ChainProblem> = []
        return problems.filter { seen.insert($0).inserted }
    }

    /// What the leaf itself must state; the library judges the certificates above it.
    private static func rightsMissing(_ leaf: Certificate, for purpose: Purpose) -> [ChainProblem] {
        let facts = leaf.facts
        let usages = facts.extendedKeyUsages
        let requirements: [(CertificateRight, Bool)] =
            switch purpose {
            case .server:
                [
                    (.serverAuth, usages?.contains(.serverAuth) ?? true), (.digitalSignature, facts.mayMakeSignatures),
                ]
            case .client:
                [
                    (.clientAuth, usages?.contains(.clientAuth) ?? false), (.digitalSignature, facts.mayMakeSignatures),
                    (.identifyingOneParty, !facts.isCA),
                ]
            case .signer:
                [
                    (.certificateSigning, facts.isCA), (.digitalSignature, facts.mayMakeSignatures),
                ]
            }
        return requirements.filter { !$0.1 }.map { .wrongPurpose(leaf, lacks: $0.0) }
    }

    private static func nameProblems(_ leaf: Certificate, host: String) -> [ChainProblem] {
        let names = leaf.facts.names
        guard !names.isEmpty else { return [.noSubjectAlternativeName] }
        let isNamed =
            if let address = IPAddress(host) {
                names.addresses.contains(address)
            } else if let host = HostName(host) {
                names.dns.compactMap(HostName.init(pattern:)).contains { $0.covers(host) }
            } else {
                false
            }
        return isNamed ? [] : [.wrongName(host: host, names: leaf.dnsNames + leaf.ipAddresses)]
    }
}

extension ChainCheck.Purpose {
    fileprivate var libraryPurpose: Int32 {
        switch self {
        case .server: X509_PURPOSE_SSL_SERVER
        case .client: X509_PURPOSE_SSL_CLIENT
        case .signer: X509_PURPOSE_ANY
        }
    }
}
