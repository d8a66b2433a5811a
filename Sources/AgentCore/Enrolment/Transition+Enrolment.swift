import Certificates
import HandoverToken
import OpAMPProto
import Vocabulary

// How an agent gets its leaf: the specification's Agent-initiated CSR Flow. The bootstrap token opens a connection,
// the signing request goes over it, and the certificate comes back as an offer. The leaf is stored for the very server
// that is being talked to, and counts as applied when a connection with it is accepted (OpAMP, Connection Setting Offer
// Flow); whatever else the offer says is proven like any other offer. A server has to answer a repeated request for the
// same public key with a leaf again, since the agent may die between the answer and the write.
extension Transition {
    mutating func requestLeafIfDue() {
        noteLeafEnd()
        guard case .online(let connection) = agent.phase, connection.isAccepted else { return }
        order(.setTimer(.renewal, after: timings.renewalCheck))
        guard
            agent.reporting.serverCapabilities?.contains(.acceptsConnectionSettingsRequest) == true,
            agent.configuration.capabilities.contains(.acceptsOpAMPConnectionSettings),
            agent.needsLeaf(at: now)
        else { return }
        if let last = agent.leafRequest(to: connection.endpoint), last.at.isWithin(.seconds(86_400), of: now),
            last.isAnswered || last.connection == connection.id
        {
            return
        }
        agent.leafRequest = LeafRequest(origin: connection.endpoint.origin, connection: connection.id, at: now)
        agent.reporting.due.insert(.leafRequest)
        note(.info, .leafRequested)
    }

    /// Heartbeats may be off, and a session may last longer than its leaf.
    mutating func renewalDue() {
        keepIfUnsaved()
        requestLeafIfDue()
        flush()
    }

    /// The leaf of an enrollment. It is kept whatever becomes of the rest of the offer: without it there is no other way
    /// in than the token, which the server may count as used.
    mutating func storeLeaf(
        of resolution: OfferReview.Resolution, hash: OfferHash, on connection: Connection
    ) throws(OfferRefusal) {
        let active = agent.state.active
        guard resolution.server.settings.endpoint.origin == active.settings.endpoint.origin else {
            throw .otherServerWhileEnrolling
        }
        guard canWrite else { throw .stateNotWritable }
        agent.state.unprovenLeaf = UnprovenLeaf(
            offer: hash, former: active.settings.leaf, hadAdopted: agent.state.hasAdopted)
        agent.state.verdict = nil
        agent.state.active.settings.leaf = resolution.server.settings.leaf
        forgetStandby()
        // What the host's operator named is not a server's to replace.
        if let signers = agent.announcedSigners, agent.configuration.server.tokenSigners == nil {
            agent.state.active.tokenSigners = signers
        }
        agent.announcedSigners = nil
        agent.isEnrollingAnew = false
        agent.state.hasAdopted = true
        note(.info, .leafStored, ["fingerprint": resolution.server.settings.leaf?.leaf.fingerprint.description])

        var rest = resolution.server
        rest.tokenSigners = agent.state.active.tokenSigners
        var bare = rest.settings
        bare.heartbeat = active.settings.heartbeat
        if bare == agent.state.active.settings {
            agent.state.active.settings.heartbeat = rest.settings.heartbeat
            agent.reporting.due.insert(.settingsStatus)
            keep()
            leave(connection, then: .dial(.active))
        } else {
            beginMove(to: rest, handover: nil, hash: hash, from: connection)
        }
    }

    /// A connection with the leaf is accepted.
    mutating func leafProven() {
        guard let leaf = agent.state.unprovenLeaf else { return }
        agent.state.unprovenLeaf = nil
        agent.state.isEnrolled = true
        // There is a verdict if the rest of the offer came to nothing.
        if agent.state.verdict == nil { ownPartApplied(leaf.offer) }
        agent.reporting.due.insert(.settingsStatus)
        keep()
    }

    /// Ends what the enrollment brought if the server does not accept it, so that the token is used again. The wait after a
    /// refusal paces that. Without the token, or a disk, the leaf is all there is.
    mutating func weighLeaf(_ end: ConnectionEnd) {
        guard let cause = end.cause, cause.isRefusalOfLeaf, let leaf = agent.state.unprovenLeaf, canWrite,
            agent.configuration.bootstrapToken != nil, agent.isAtConfiguredServer
        else { return }
        note(
            .error, .leafNotAccepted,
            [
                "fingerprint": agent.state.active.settings.leaf?.leaf.fingerprint.description, "cause": cause.code,
                "detail": end.detail,
                "reason":
                    "The server issued this certificate and does not accept it. The bootstrap token is used again.",
                "next": "Check which CA certificates the listener, or a proxy in front of it, accepts for clients.",
            ])
        agent.state.unprovenLeaf = nil
        agent.state.forgetHostOffer(leaf.offer)
        if agent.state.verdict == nil {
            record(Verdict(hash: leaf.offer, failed: cause, detail: end.detail))
        }
        agent.state.hasAdopted = leaf.hadAdopted
        if leaf.hadAdopted {
            agent.state.active.settings.leaf = leaf.former
        } else {
            agent.state.active = agent.serverOfFile
        }
        agent.isEnrollingAnew = leaf.former != nil
        // What was answered was not usable.
        agent.leafRequest = nil
        keep()
    }

    // MARK: Token signers

    /// Trusted once, over the connection that enrols the agent.
    mutating func signersAnnounced(_ pem: [UInt8]) {
        guard mayWork() else { return dropWork("token signers") }
        guard agent.awaitsLeaf, let text = String(validating: pem, as: UTF8.self),
            let signers = try? TokenSigners(pem: text)
        else { return noteProvoked(.warning, .ignoredMessage, ["reason": "token signers are not taken here"]) }
        agent.announcedSigners = signers
    }

    /// Afterwards only somebody already trusted can name others.
    mutating func signersStated(_ text: [UInt8]) {
        guard mayWork() else { return dropWork("a trust statement") }
        guard let held = agent.state.active.tokenSigners, let text = String(validating: text, as: UTF8.self) else {
            return noteProvoked(
                .warning, .ignoredMessage, ["reason": "a trust statement needs signers to be checked by"])
        }
        do throws(TrustStatementRefusal) {
            let statement = try TrustStatement.verified(text, signers: held, issuer: nil, at: now)
            guard statement.version >= agent.state.active.signersVersion else { return }
            agent.statedTrust = StatedTrust(
                origin: agent.state.active.settings.endpoint.origin, serverCAs: statement.serverCAs.certificates)
            guard statement.version > agent.state.active.signersVersion, canWrite else { return }
            agent.state.active.tokenSigners = statement.tokenSigners
            agent.state.active.signersVersion = statement.version
            note(.info, .signersReplaced, ["version": String(statement.version)])
            keep()
        } catch {
            noteProvoked(.warning, .ignoredMessage, ["reason": error.operatorMessage.cause])
        }
    }
}

/// A signing request that was sent. Without an answer it is repeated over the next connection to the same server: the
/// server may have issued the leaf and count on it.
struct LeafRequest: Equatable, Sendable {
    var origin: String
    var connection: ConnectionID
    var at: Timestamp
    /// A usable certificate has come.
    var isAnswered = false
}

/// The CAs that the server at this origin has stated for its listener. It is not kept in the state: a server states them
/// with each offer of CAs.
struct StatedTrust: Equatable, Sendable {
    var origin: String
    var serverCAs: [Certificate]
}

extension Agent {
    /// The CAs that the present server has stated for its listener.
    var statedCAs: [Certificate] {
        statedTrust.flatMap { $0.origin == state.active.settings.endpoint.origin ? $0.serverCAs : nil } ?? []
    }

    /// No leaf yet, and a key pair to have one for.
    var awaitsLeaf: Bool {
        (state.active.settings.leaf == nil || isEnrollingAnew) && configuration.identity != nil
    }

    /// The bootstrap token is still to be used.
    var awaitsEnrolment: Bool {
        awaitsLeaf && (!state.isEnrolled || isEnrollingAnew) && configuration.bootstrapToken != nil
    }

    /// An offer without a certificate has brought what lets an agent in once (OpAMP, Registration On First Use): the leaf that
    /// it leads to has to be asked for.
    private var bearsOfferedCredentials: Bool {
        state.hasAdopted && state.active.settings.headers.contains { $0.name.lowercased() == "authorization" }
    }

    /// The bootstrap token is for the server of the file, wherever that has sent the agent since.
    var isAtConfiguredServer: Bool {
        state.active.settings.endpoint.origin == configuration.server.settings.endpoint.origin
    }

    func needsLeaf(at now: Timestamp) -> Bool {
        guard let leaf = state.active.settings.leaf?.leaf, !isEnrollingAnew else {
            return awaitsEnrolment || awaitsLeaf && bearsOfferedCredentials
        }
        guard !configuration.hasLeafOfItsOwn, leaf.publicKey == configuration.identity?.publicKey,
            leaf.notAfter < now + configuration.timings.renewal(of: leaf), state.candidate == nil
        else { return false }
        guard let probation = state.probation else { return true }
        // The leaf stays until a handover has settled. Other changes wait, too, but not for a request that is out.
        return !probation.isHandover && leafRequest(to: state.active.settings.endpoint)?.isAnswered == false
    }

    func leafRequest(to endpoint: Endpoint) -> LeafRequest? {
        leafRequest.flatMap { $0.origin == endpoint.origin ? $0 : nil }
    }
}
