public import Vocabulary

extension ChainCheck {
    /// Every reason why TLS clients would not accept a chain that a server shows, each once; none if they would.
    ///
    /// Clients have roots of their own, so the last certificate needs no issuer here; every one below it does
    /// (RFC 8446 section 4.4.2).
    ///
    /// - Parameters:
    ///   - chain: as it is sent, the server's own certificate first.
    ///   - hosts: DNS names and IP addresses without brackets under which clients dial; none leaves the names unchecked.
    public static func listenerProblems(
        chain: [Certificate], hosts: [String], at now: Timestamp
    ) -> [ChainProblem] {
        guard let leaf = chain.first else { return [] }
        if leaf.isCA, let own = chain.dropFirst().first(where: { !$0.isCA }) { return [.leafNotFirst(own)] }
        let issues = { (issuer: Certificate, certificate: Certificate) in certificate.isIssued(by: issuer) }
        var problems: [ChainProblem] = []
        for (index, certificate) in chain.enumerated().dropFirst()
        where !chain[..<index].contains(where: { issues(certificate, $0) }) {
            problems.append(.outOfOrder(certificate))
        }
        let isIssuerKnown = chain.contains { issues($0, leaf) }
        if !isIssuerKnown { problems.append(.issuerMissing(leaf)) }
        problems += datesOut(chain, at: now)
        // Every authority of the chain is an anchor: whether a client knows one of them is not known here.
        for host in hosts.isEmpty ? [""] : hosts {
            problems += Self.problems(leaf: leaf, anchors: chain, purpose: .server(host: host), at: now)
                .filter { $0 != .untrusted && $0 != .wrongName(host: "", names: leaf.dnsNames + leaf.ipAddresses) }
        }
        var seen: Set<ChainProblem> = []
        return problems.filter { seen.insert($0).inserted }
    }

    private static func datesOut(_ chain: [Certificate], at now: Timestamp) -> [ChainProblem] {
        chain.filter { !$0.isInForce(at: now) }.map { now < $0.notBefore ? .notYetValid($0) : .expired($0) }
    }
}
