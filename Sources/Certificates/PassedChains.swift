internal import Synchronization
import Vocabulary

/// Chains that have passed `ChainCheck`. A server asks about the leaf of an agent at each connection and again at each
/// message that is news, and about the same few signers with each token.
///
/// Whether a chain passes is a matter of its certificates and of the time, and of nothing else; a leaf that is revoked is
/// refused elsewhere. Only a chain that has passed is remembered, and what is forgotten is only verified again.
enum PassedChains {
    struct Question: Hashable {
        let leaf: Fingerprint
        let intermediates: [Fingerprint]
        let anchors: [Fingerprint]
        let purpose: ChainCheck.Purpose

        init(leaf: Certificate, intermediates: [Certificate], anchors: [Certificate], purpose: ChainCheck.Purpose) {
            self.leaf = leaf.fingerprint
            self.intermediates = intermediates.map(\.fingerprint)
            self.anchors = anchors.map(\.fingerprint)
            self.purpose = purpose
        }
    }

    /// While the same certificates are in force.
    private struct Span {
        let from: Timestamp
        let until: Timestamp

        init(of certificates: [Certificate], around now: Timestamp) {
            let inForce = certificates.filter { $0.isInForce(at: now) }
            from = inForce.map(\.notBefore).max() ?? now
            until = inForce.map(\.notAfter).min() ?? now
        }

        func contains(_ time: Timestamp) -> Bool { from <= time && time < until }
    }

    /// When as many are known all are forgotten, as in `KnownCertificates`.
    private static let limit = 4096
    private static let passed = Mutex<[Question: Span]>([:])

    static func have(_ question: Question, at now: Timestamp) -> Bool {
        passed.withLock { $0[question]?.contains(now) ?? false }
    }

    static func remember(_ question: Question, _ certificates: [Certificate], at now: Timestamp) {
        let span = Span(of: certificates, around: now)
        passed.withLock { passed in
            if passed.count >= limit { passed.removeAll(keepingCapacity: true) }
            passed[question] = span
        }
    }
}
