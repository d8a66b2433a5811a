import Certificates
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

extension OperatorInterface {
    var authorityRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.signingKeys, .readAuthority) { _ in
                Page(items: server.authority.signingKeys.keys.map(SigningKeySummary.init))
            },
            OperatorRoute(OperatorRoutes.draftSigningKey, .manageAuthority) { call in
                let draft = try await server.authority.draft(
                    name: server.name, in: server.database, by: call.audit, at: server.now())
                await TrustAnnouncement(server: server).tellEverybody()
                return SigningKeySummary(draft)
            },
            OperatorRoute(OperatorRoutes.activateSigningKey, .manageAuthority) { call in
                let fingerprint = try signingKey(call)
                try await server.authority.activate(fingerprint, in: server.database, by: call.audit, at: server.now())
                await TrustAnnouncement(server: server).tellEverybody()
                return try summary(of: fingerprint)
            },
            OperatorRoute(OperatorRoutes.retireSigningKey, .manageAuthority) { call in
                let fingerprint = try signingKey(call)
                try await server.authority.retire(fingerprint, in: server.database, by: call.audit, at: server.now())
                await server.renewListener()
                dismissUntrusted()
                await TrustAnnouncement(server: server).tellEverybody()
                return try summary(of: fingerprint)
            },
            OperatorRoute(OperatorRoutes.federationCertificates, .readAuthority) { _ in
                let identities = try await server.database.read { try server.authority.federationIdentities($0) }
                return Page(items: identities.map { FederationCertificate($0, of: server.authority.peerID) })
            },
            OperatorRoute(OperatorRoutes.issueFederationCertificate, .issueFederationCertificates) {
                try await issueFederationCertificate($0)
            },
        ]
    }

    private func issueFederationCertificate(_ call: OperatorCall) async throws -> FederationCertificate {
        let wanted = try await call.body(FederationCertificateRequest.self)
        let lifetime = wanted.validityDays.map { Duration.seconds($0 * 86_400) } ?? Authority.federationLifetime
        guard (1...825).contains(wanted.validityDays ?? 1) else {
            throw RequestRefusal.parameter(name: "validityDays", reason: "it is 1 to 825")
        }
        let identity = try await server.authority.issueFederation(
            subject: wanted.subject, lifetime: lifetime, in: server.database, by: call.audit,
            at: server.now())
        return FederationCertificate(identity, of: server.authority.peerID)
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

    /// A change of trust acts at once: sessions whose leaf is no longer acceptable end.
    private func dismissUntrusted() {
        let (honoured, now) = (server.authority.signingKeys.honoured, server.now())
        server.agents.dismiss(because: "The agent's certificate is no longer trusted.") { session in
            guard session.standing == .member, let leaf = session.request.caller.leaf else { return false }
            return ChainCheck.problems(leaf: leaf, anchors: honoured, purpose: .client, at: now).contains(.untrusted)
        }
    }
}

extension SigningKeySummary {
    fileprivate init(_ key: SigningKey) {
        self.init(
            fingerprint: key.certificate.fingerprint, subject: key.certificate.subject, state: key.state.rawValue,
            since: key.since, notAfter: key.certificate.notAfter, certificatePEM: key.certificate.pem)
    }
}

extension FederationCertificate {
    fileprivate init(_ identity: FederationIdentity, of peerID: PeerID) {
        self.init(
            fingerprint: identity.certificate.fingerprint, subject: identity.certificate.subject, peerID: peerID,
            notBefore: identity.certificate.notBefore, notAfter: identity.certificate.notAfter,
            inUse: identity.inUse, pem: identity.paste)
    }
}
