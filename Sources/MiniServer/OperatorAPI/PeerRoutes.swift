import Certificates
import HandoverToken
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

extension OperatorInterface {
    var peerRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.peers, .readPeers) { call in
                let peers = try server.database.look { try $0.peers.all() }
                return Page(
                    of: peers.sorted { $0.name < $1.name }.map(summary),
                    after: call.request.query(.cursor), limit: call.request.pageLimit, key: \.name)
            },
            OperatorRoute(OperatorRoutes.inspectPeerPaste, .managePeers) { _, pasted in
                PeerPasteFacts(try PeerPaste(pem: pasted.certificatePEM, at: server.now()))
            },
            OperatorRoute(OperatorRoutes.createPeer, .managePeers) { try await createPeer($0, $1) },
            OperatorRoute(OperatorRoutes.peer, .readPeers) { call in
                let name = try call.name()
                return summary(try server.database.look { try $0.peer(named: name) })
            },
            OperatorRoute(OperatorRoutes.updatePeer, .managePeers) { try await updatePeer($0, $1) },
            OperatorRoute(OperatorRoutes.deletePeer, .managePeers) { try await deletePeer($0) },
            OperatorRoute(OperatorRoutes.generatePeerSecret, .managePeers) { try await generateSecret($0, $1) },
            OperatorRoute(OperatorRoutes.savePeerSecret, .managePeers) { try await saveSecret($0, $1) },
            OperatorRoute(OperatorRoutes.pingPeer, .pingPeers) { call in
                try await federation.ping(try await peer(call), by: call.audit)
            },
            OperatorRoute(OperatorRoutes.refreshPeer, .managePeers) { call in
                summary(try await federation.refresh(try await peer(call), by: call.audit))
            },
            OperatorRoute(OperatorRoutes.peerAgents, .readFleet) { call in
                try await peerAgents(of: try call.name(), call)
            },
            OperatorRoute(OperatorRoutes.peerAgent, .readFleet) { call in
                try await federation.agent(call.text("id"), at: try await peer(call), by: call.audit)
            },
        ]
    }

    /// A peer's agents, read from the peer; this server stores none of them.
    func peerAgents(of name: String, _ call: OperatorCall) async throws -> Page<AgentSummary> {
        let peer = try server.database.look { try $0.peer(named: name) }
        let query = FederationClient.FleetQuery(
            text: call.request.query(.query), cursor: call.request.query(.cursor),
            limit: call.request.pageLimit)
        return try await federation.agents(query, at: peer, by: call.audit)
    }

    /// Includes the results of calls that are not saved yet.
    private func summary(_ peer: PeerRecord) -> PeerSummary {
        PeerSummary(server.calls.current(peer).pruned(at: server.now()))
    }

    private func peer(_ call: OperatorCall) async throws -> PeerRecord {
        let name = try call.name()
        return try server.database.look { try $0.peer(named: name) }
    }

    private func createPeer(_ call: OperatorCall, _ wanted: PeerCreation) async throws -> PeerSummary {
        let now = server.now()
        let paste = try PeerPaste(pem: wanted.certificatePEM, at: now)
        let endpoint = try federationEndpoint(wanted.endpoint)
        let peer = try await server.database.write { [server] tables in
            var peer = try paste.newPeer(
                named: wanted.name, endpoint: endpoint, own: server.authority.peerID, existing: try tables.peers.all())
            if let text = wanted.inboundSecret { try peer.set(.inbound, try .init(pasted: text), server) }
            if let text = wanted.outboundSecret { try peer.set(.outbound, try .init(pasted: text), server) }
            try tables.peers.insert(peer, key: peer.id.description)
            try tables.audit.append(
                AuditFact(
                    .peerCreated, entityType: "peer", entityID: peer.name, after: peer.endpoint.description,
                    additional: .members([
                        "peerId": .string(peer.id.description),
                        "fingerprint": .string(paste.certificate.fingerprint.description),
                        "authority": .string(paste.authorities[0].fingerprint.description),
                        "listenerAuthorities": paste.listenerFingerprints,
                    ])),
                context: call.audit, at: now)
            return peer
        }
        server.calls.forget(peer.id)
        return summary(peer)
    }

    private func updatePeer(_ call: OperatorCall, _ wanted: PeerUpdate) async throws -> PeerSummary {
        let now = server.now()
        let endpoint = try wanted.endpoint.map(federationEndpoint)
        let paste = try wanted.certificatePEM.map { try PeerPaste(pem: $0, at: now) }
        return summary(
            try await change(call, .peerUpdated) { peer in
                if let endpoint { peer.endpoint = endpoint }
                if let enabled = wanted.enabled { peer.enabled = enabled }
                if let paste { peer = try paste.renewing(peer) }
                return [
                    "endpoint": endpoint.map { .string($0.description) }, "enabled": wanted.enabled.map(JSON.bool),
                    "fingerprint": paste.map { .string($0.certificate.fingerprint.description) },
                    "authority": paste.map { .string($0.authorities[0].fingerprint.description) },
                    "listenerAuthorities": paste.flatMap(\.listenerFingerprints),
                ]
            })
    }

    private func deletePeer(_ call: OperatorCall) async throws {
        let name = try call.name()
        let now = server.now()
        let dropsMessages = call.request.query(.dropMessages) == "true"
        let id = try await server.database.write { tables in
            let peer = try tables.peer(named: name)
            let parties =
                try tables.sources.open().map(\.machine.otherParty) + tables.targets.open().map(\.machine.otherParty)
            let open = parties.count { $0 == peer.id }
            guard open == 0 else { throw FederationRefusal.handoversOpen(name, open) }
            let messages = try tables.outbox.count(to: peer.id)
            guard messages == 0 || dropsMessages else { throw FederationRefusal.messagesWaiting(name, messages) }
            try tables.outbox.removeAll(to: peer.id)
            try tables.peers.delete(peer.id.description)
            try tables.audit.append(
                AuditFact(
                    .peerDeleted, entityType: "peer", entityID: name,
                    additional: .members([
                        "peerId": .string(peer.id.description),
                        "droppedMessages": messages == 0 ? nil : .integer(Int64(messages)),
                    ])),
                context: call.audit, at: now)
            return peer.id
        }
        server.calls.forget(id)
    }

    private func generateSecret(_ call: OperatorCall, _ wanted: PeerSecretRequest) async throws -> CreatedSecret {
        let fresh = FreshCredential(.federationSecret)
        try await save(PeerSecret(fresh), wanted.direction, call)
        return CreatedSecret(id: fresh.id, text: fresh.text.revealText())
    }

    private func saveSecret(_ call: OperatorCall, _ wanted: PeerSecretText) async throws -> PeerSummary {
        let secret = try PeerSecret(pasted: wanted.secret)
        return summary(try await save(secret, wanted.direction, call))
    }

    @discardableResult
    private func save(
        _ secret: PeerSecret, _ direction: SecretDirection, _ call: OperatorCall
    ) async throws -> PeerRecord {
        try await change(call, .peerSecretSet) { [server] peer in
            try peer.set(direction, secret, server)
            return ["direction": .string(direction.rawValue)]
        }
    }

    /// Changes a peer's row together with its audit entry.
    ///
    /// - Parameter edit: returns what the entry contains in addition to the peer.
    private func change(
        _ call: OperatorCall, _ action: AuditAction,
        _ edit: @escaping @Sendable (inout PeerRecord) throws -> KeyValuePairs<String, JSON?>
    ) async throws -> PeerRecord {
        let name = try call.name()
        // What the peer has used decides what a rotation keeps, and the first use may still wait to be saved.
        await server.calls.flush()
        let now = server.now()
        return try await server.database.write { tables in
            var peer = try tables.peer(named: name)
            let facts = try edit(&peer)
            peer = peer.pruned(at: now)
            try tables.peers.save(peer)
            try tables.audit.append(
                AuditFact(action, entityType: "peer", entityID: name, additional: .members(facts)),
                context: call.audit, at: now)
            return peer
        }
    }

    private func federationEndpoint(_ text: String) throws -> Endpoint {
        do { return try Endpoint(text) } catch { throw RequestRefusal.endpoint(error) }
    }
}

extension StorageTransaction {
    /// - Throws: `NotFound.peer`.
    func peer(named name: String) throws -> PeerRecord {
        guard let peer = try peers.find(name: name) else { throw NotFound.peer(name) }
        return peer
    }
}

/// A federation secret on its way into a peer's row.
struct PeerSecret: Sendable {
    let text: Secret
    let digest: [UInt8]

    init(_ fresh: FreshCredential) { (text, digest) = (fresh.text, fresh.digest) }

    /// - Throws: `FederationRefusal.secretNotValid`.
    init(pasted: String) throws {
        let text = pasted.filter { !$0.isWhitespace }
        guard let digest = Credential.federationSecret.digest(of: text) else {
            throw FederationRefusal.secretNotValid
        }
        (self.text, self.digest) = (Secret(text), digest)
    }
}

extension PeerRecord {
    fileprivate mutating func set(
        _ direction: SecretDirection, _ secret: PeerSecret, _ server: ServerContext
    ) throws {
        switch direction {
        case .inbound:
            inbound?.rotate(to: secret.digest)
            inbound = inbound ?? InboundSecret(digest: secret.digest)
        case .outbound:
            let sealed = try server.authority.sealing.seal(secret.text, for: .outboundSecret(id))
            outbound = OutboundSecret(sealed: sealed, digest: secret.digest)
        }
    }
}

extension PeerSummary {
    init(_ peer: PeerRecord) {
        self.init(
            name: peer.name, endpoint: peer.endpoint.description, peerID: peer.id,
            opampEndpoint: peer.opampEndpoint?.description, enabled: peer.enabled,
            fingerprint: peer.pin.current.fingerprint, previousFingerprint: peer.pin.previous?.fingerprint,
            previousUntil: peer.pin.previousUntil,
            serverCAs: peer.trust.serverCAs.certificates.map(AuthorityFacts.init),
            agentCAs: peer.trust.agentCAs.certificates.map(AuthorityFacts.init),
            tokenSigners: peer.trust.tokenSigners.certificates.map(AuthorityFacts.init),
            trustVersion: peer.trust.version, hasInboundSecret: peer.inbound != nil,
            hasOutboundSecret: peer.outbound != nil, lastContact: peer.lastContact, lastError: peer.lastError)
    }
}

extension AuthorityFacts {
    init(_ certificate: Certificate) {
        self.init(
            fingerprint: certificate.fingerprint, subject: certificate.subject, notAfter: certificate.notAfter)
    }
}

extension PeerPaste {
    /// As the audit trail names them.
    fileprivate var listenerFingerprints: JSON? {
        listenerAuthorities.isEmpty ? nil : .array(listenerAuthorities.map { .string($0.fingerprint.description) })
    }
}

extension PeerPasteFacts {
    fileprivate init(_ paste: PeerPaste) {
        self.init(
            peerID: paste.id, fingerprint: paste.certificate.fingerprint, subject: paste.certificate.subject,
            notAfter: paste.certificate.notAfter, authorities: paste.authorities.map(AuthorityFacts.init),
            listenerAuthorities: paste.listenerAuthorities.map(AuthorityFacts.init))
    }
}
