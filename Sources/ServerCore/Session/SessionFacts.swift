package import Certificates
import HandoverToken
package import OpAMPProto
package import Vocabulary

/// What a connection proved when it was opened. What it may do is decided again with every message.
package struct SessionProof: Hashable, Sendable {
    /// The row that admission found.
    package var agent: AgentID
    package var certificate: Certificate
    /// From `Handover-Id`.
    package var handover: HandoverID?
    package var transport: AgentTransport
    package var openedAt: Timestamp

    package init(
        agent: AgentID, certificate: Certificate, handover: HandoverID?, transport: AgentTransport,
        openedAt: Timestamp
    ) {
        self.agent = agent
        self.certificate = certificate
        self.handover = handover
        self.transport = transport
        self.openedAt = openedAt
    }

    var leaf: Fingerprint { certificate.fingerprint }
}

/// What the server remembers of a session between its messages.
package struct SessionMemory: Hashable, Sendable {
    package internal(set) var lastHeard: Timestamp
    /// Between the last two messages.
    package internal(set) var interval: Duration?
    /// Parts of what the agent reports that are too large to keep.
    package internal(set) var tooLarge: ReportedState.Parts = []
    /// A member about whose row a sign of life says nothing new.
    var isSettled = false
    /// The answer to a poll carried a handover's offer, and may have been lost.
    package internal(set) var hasOffer = false
    /// Its end is saved.
    package internal(set) var isOver = false
    /// The settings with this server's CAs, which it said to have applied.
    var appliedTrust: [UInt8]?
    /// The CAs have yet to be offered: an answer to another message or a handover goes before.
    package internal(set) var owesTrust = false
    /// It was asked for its whole state: nobody knows yet whether it reads statements.
    var awaitsFullState = false

    package init(at now: Timestamp) { lastHeard = now }

    /// Whether a sign of life needs no look at the tables.
    package var isQuiet: Bool { isSettled && !hasOffer && !owesTrust }

    /// A sign of life that needs no look at the tables; `false` for one that does.
    package mutating func heardQuietly(at now: Timestamp) -> Bool {
        guard isQuiet else { return false }
        heard(at: now)
        return true
    }

    /// Whether no handover has to hear of the end of the session: it is that of a member, or is saved.
    package var endsQuietly: Bool { isOver || isSettled }

    /// Whether `SessionFacts.news` bears on this message.
    package func wantsNews(with report: AgentReport) -> Bool {
        report.isFirst || owesTrust || report.changes.contains(.customCapabilities)
    }

    package mutating func heard(at now: Timestamp) {
        if now > lastHeard { interval = now - lastHeard }
        lastHeard = now
    }

    /// The CAs have changed, and could not be offered.
    package mutating func oweTrust() { owesTrust = true }

    /// The answer to a poll takes an offer of a handover along.
    package mutating func offerIsSent() { hasOffer = true }
}

/// What a session is to this server at this moment.
package enum SessionStanding: Hashable, Sendable {
    case member
    /// Awaited by an open handover.
    case arriving(HandoverID)
    /// It belongs to a peer by this handover, and is only told the way there.
    case movedOn(HandoverID)
    /// Its certificate opens nothing here any more.
    case over
}

/// What agents are told when the CA keys of this server have changed since they enrolled.
package struct TrustChange: Hashable, Sendable {
    /// The CAs above the listener, whatever state each is in, so that activating a draft offers nothing new; `nil` when
    /// the listener's certificate comes from elsewhere.
    package var authorities: CertificateBundle?
    /// The token signers, signed by one that the agent holds.
    package var statement: CustomMessage?

    package init(authorities: CertificateBundle?, statement: CustomMessage?) {
        self.authorities = authorities
        self.statement = statement
    }
}

/// All that bears on one message of a session, read in the transaction in which its step is saved.
package struct SessionFacts: Sendable {
    package var session: SessionProof
    package var memory: SessionMemory
    /// The session's row.
    package var row: AgentRecord?
    /// The row that this leaf leads to.
    package var rowOfLeaf: AgentRecord?
    /// The handovers of the row and of the leaf that still mean something.
    package var sources: [SourceHandover]
    package var targets: [TargetHandover]
    /// Own CA certificates that are Active or Trusted.
    package var authorities: [Certificate]
    /// The row's present leaf is another one, and has a live session.
    package var newerLeafIsLive: Bool
    /// A newer session of the agent has taken this one's place.
    package var isReplaced: Bool
    /// `nil` as long as there has only ever been one CA key, which every agent knows.
    package var news: TrustChange?
    package var freshInstanceUID: InstanceUID

    package init(
        session: SessionProof, memory: SessionMemory, row: AgentRecord?, rowOfLeaf: AgentRecord?,
        sources: [SourceHandover], targets: [TargetHandover], authorities: [Certificate], newerLeafIsLive: Bool,
        isReplaced: Bool = false, news: TrustChange?, freshInstanceUID: InstanceUID
    ) {
        self.session = session
        self.memory = memory
        self.row = row
        self.rowOfLeaf = rowOfLeaf
        self.sources = sources
        self.targets = targets
        self.authorities = authorities
        self.newerLeafIsLive = newerLeafIsLive
        self.isReplaced = isReplaced
        self.news = news
        self.freshInstanceUID = freshInstanceUID
    }

    package func standing(at now: Timestamp) -> SessionStanding {
        let acceptance = LeafAcceptance(
            presented: session.certificate, bearsBootstrapToken: false, row: rowOfLeaf, arrivals: targets,
            departures: sources, ownAuthorities: authorities, newerLeafIsLive: newerLeafIsLive,
            handover: session.handover)
        switch acceptance.decision(at: now) {
        case .agent(session.agent) where row != nil: return .member
        case .arriving(session.agent, let handover) where row != nil: return .arriving(handover)
        case .movedOn(session.agent, let handover): return .movedOn(handover)
        case .agent, .arriving, .movedOn, .bootstrap, .refused: return .over
        }
    }

    /// Nothing is offered beside a handover: one offer at a time, and the settings of a target are its own.
    var hasHandover: Bool {
        sources.contains(where: \.concernsAgent) || targets.contains { $0.agentRow == row?.id && $0.isOpen }
    }

    /// The CAs, for a member that may be offered settings now.
    ///
    /// - Parameter verdict: what the agent says of its last offer; an offer with a verdict is not made again. An agent
    ///   that gives none has had the offer once it was sent.
    package func trustOffer(
        to row: AgentRecord, after verdict: ConnectionSettingsStatus?
    ) -> ConnectionSettingsOffers? {
        guard let authorities = news?.authorities, row.presence.isHere, row.acceptsConnectionSettings, !hasHandover,
            let offer = try? ConnectionSettingsOffers.trust(
                authorities, leaf: session.certificate, epoch: row.epoch, over: session.transport)
        else { return nil }
        // What was refused once may be accepted now, for example because the statement has come since.
        let answered = verdict?.status == .failed ? nil : verdict?.lastConnectionSettingsHash
        let known = row.reportsSettingsStatus ? answered : row.offeredSettings
        return known == offer.hash ? nil : offer
    }

    /// What a connected agent is told of changed CA keys without having asked; its row remembers the offer.
    ///
    /// `nil` while its whole state is not known: a statement that nobody knows it to read is withheld, and an agent that
    /// reads statements accepts no CAs without one. It is told with the answer to its full report.
    package mutating func announce(at now: Timestamp) -> ServerToAgent? {
        guard let news, !memory.awaitsFullState else { return nil }
        memory.owesTrust = hasHandover
        guard standing(at: now) == .member, let offer = row.flatMap({ trustOffer(to: $0, after: nil) }) else {
            return ServerToAgent(customMessage: news.statement)
        }
        row?.offeredSettings = offer.hash
        return ServerToAgent(connectionSettings: offer, customMessage: news.statement)
    }

    /// Whether the agent will trust a listener of one of these CAs.
    ///
    /// - Parameter arrival: the handover of the session; its token named CAs, too.
    package func trusts(oneOf authorities: [Certificate], after arrival: TargetHandover?, at now: Timestamp) -> Bool {
        if arrival?.claims.target.serverCAs.certificates.contains(where: authorities.contains) == true { return true }
        guard standing(at: now) == .member else { return true }
        return hasShownTrust ?? authorities.contains { $0.notBefore + LeafOrder.backdating <= session.openedAt }
    }

    /// Whether the agent has shown that it trusts the announced CAs: it said `APPLIED` of the settings that hold them, and
    /// came to that by a connection that it verified with them. `nil` when it is none to say so.
    private var hasShownTrust: Bool? {
        guard let authorities = news?.authorities, let row, row.reportsSettingsStatus, row.acceptsConnectionSettings,
            let offer = try? ConnectionSettingsOffers.trust(
                authorities, leaf: session.certificate, epoch: row.epoch, over: session.transport)
        else { return nil }
        return memory.appliedTrust == offer.hash
    }
}

extension AgentRecord {
    fileprivate var reportsSettingsStatus: Bool { capabilities.contains(.reportsConnectionSettingsStatus) }
}
