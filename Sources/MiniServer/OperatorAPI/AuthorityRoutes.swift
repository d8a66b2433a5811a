import Certificates
import HandoverToken
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import Vocabulary

extension OperatorInterface {
    var authorityRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.signingKeys, .readAuthority) { _ in
                Page(items: server.authority.signingKeys.keys.map(SigningKeySummary.init))
            },
            OperatorRoute(OperatorRoutes.draftSigningKey, .manageAuthority) { call in
                let others = server.listenerCAs().count
                let draft = try await server.authority.draft(
                    name: server.name, besides: others, in: server.database, by: call.audit, at: server.now())
                await TrustAnnouncement(server: server).tellEverybody(in: fleet)
                return SigningKeySummary(draft)
            },
            OperatorRoute(OperatorRoutes.activateSigningKey, .manageAuthority) { call in
                let fingerprint = try signingKey(call)
                try await server.authority.activate(fingerprint, in: server.database, by: call.audit, at: server.now())
                await TrustAnnouncement(server: server).tellEverybody(in: fleet)
                return try summary(of: fingerprint)
            },
            OperatorRoute(OperatorRoutes.discardSigningKey, .manageAuthority) { call in
                let fingerprint = try signingKey(call)
                try await server.authority.discard(fingerprint, in: server.database, by: call.audit, at: server.now())
                await TrustAnnouncement(server: server).tellEverybody(in: fleet)
                return try summary(of: fingerprint)
            },
            OperatorRoute(OperatorRoutes.retireSigningKey, .manageAuthority) { call in
                let fingerprint = try signingKey(call)
                // Agents do not verify a listener certificate from files with this server's keys.
                let connected = server.listenerCAs().isEmpty ? server.agents.sessions : []
                let news = await TrustAnnouncement(server: server).news()
                try await server.authority.retire(
                    fingerprint, in: server.database, by: call.audit, at: server.now()
                ) { remaining, tables in
                    try connected.filter { try !agent(of: $0, knowsOneOf: remaining, news: news, tables) }.count
                }
                await server.renewListener { await federation.announceTrust(of: $0) }
                await TrustAnnouncement(server: server).dismissUntrusted()
                await TrustAnnouncement(server: server).tellEverybody(in: fleet)
                return try summary(of: fingerprint)
            },
            OperatorRoute(OperatorRoutes.federationCertificates, .readAuthority) { _ in
                try await federationCertificates()
            },
            OperatorRoute(OperatorRoutes.issueFederationCertificate, .issueFederationCertificates) {
                try await issueFederationCertificate($0, $1)
            },
        ]
    }

    private func issueFederationCertificate(_ call: OperatorCall, _ wanted: FederationCertificateRequest) async throws
        -> FederationCertificate
    {
        let lifetime = wanted.validityDays.map { Duration.seconds($0 * 86_400) } ?? Authority.federationLifetime
        guard (1...825).contains(wanted.validityDays ?? 1) else {
            throw RequestRefusal.parameter(name: "validityDays", reason: "it is 1 to 825")
        }
        let identity = try await server.authority.issueFederation(
            subject: wanted.subject, lifetime: lifetime, in: server.database, by: call.audit,
            at: server.now())
        return certificate(identity, acceptedBy: [])
    }

    private func federationCertificates() async throws -> Page<FederationCertificate> {
        let (identities, rows) = try await server.database.read { [server] tables in
            (try server.authority.federationIdentities(tables), try tables.peers.all())
        }
        let peers = Dictionary(grouping: rows.map(server.calls.current), by: \.acceptedCertificate)
        return Page(
            items: identities.map { identity in
                certificate(identity, acceptedBy: peers[identity.certificate.fingerprint, default: []].map(\.name))
            })
    }

    private func certificate(_ identity: FederationIdentity, acceptedBy peers: [String]) -> FederationCertificate {
        FederationCertificate(
            fingerprint: identity.certificate.fingerprint, subject: identity.certificate.subject,
            peerID: server.authority.peerID, notBefore: identity.certificate.notBefore,
            notAfter: identity.certificate.notAfter, inUse: identity.isValid(at: server.now()),
            acceptedBy: peers.sorted(), pem: server.paste(of: identity))
    }

    private func signingKey(_ call: OperatorCall) throws -> Fingerprint {
        guard let fingerprint = Fingerprint(call.text("fingerprint")) else {
            throw RequestRefusal.parameter(name: "fingerprint", reason: "it is not 64 lower-case hexadecimal digits")
        }
        return fingerprint
    }

    private func summary(of fingerprint: Fingerprint) throws -> SigningKeySummary {
        guard let key = server.authority.signingKeys.keys.first(where: { $0.certificate.fingerprint == fingerprint })
        else { throw RequestRefusal.notFound(path: fingerprint.description) }
        return SigningKeySummary(key)
    }
}

extension OperatorInterface {
    fileprivate func agent(
        of session: AgentSession, knowsOneOf authorities: [Certificate], news: TrustChange?,
        _ tables: StorageTransaction
    ) throws -> Bool {
        guard let proof = session.proof else { return true }
        var facts = try server.facts(of: session, proof, tables)
        (facts.memory, facts.news) = (fleet.memory(of: session), news)
        let arrival = try proof.handover.flatMap { try tables.targets.find($0) }
        return facts.trusts(oneOf: authorities, after: arrival?.machine, at: server.now())
    }
}

extension SigningKeySummary {
    fileprivate init(_ key: SigningKey) {
        self.init(
            fingerprint: key.certificate.fingerprint, subject: key.certificate.subject, state: OpenWord(key.state),
            since: key.since, notAfter: key.certificate.notAfter, certificatePEM: key.certificate.pem)
    }
}
