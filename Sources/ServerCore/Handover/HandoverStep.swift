package import HandoverToken
package import OpAMPProto
package import Vocabulary

/// What a handover decides on one event.
///
/// The shell saves `state`, `audit`, `rows` and `notices` in one transaction, and only then carries out the directives,
/// gives `answer` or answers the agent. Nothing has happened, and nothing is lost, when `next` throws instead.
package struct HandoverStep<State: Hashable & Sendable>: Hashable, Sendable {
    package var state: State
    package var audit: [AuditFact] = []
    package var rows: [RowChange] = []
    /// For the durable outbox; first in, first out per handover.
    package var notices: [HandoverNotice] = []
    package var directives: [HandoverDirective] = []
    /// Only after a notice was received.
    package var answer: NoticeAnswer?

    init(_ state: State) { self.state = state }

    /// This step and one that was decided on its state, as one.
    package func followed(by next: Self) -> Self {
        var both = next
        both.audit = audit + next.audit
        both.rows = rows + next.rows
        both.notices = notices + next.notices
        both.directives = directives + next.directives
        return both
    }

    /// Nothing changed and nothing is to be done.
    package var isEmpty: Bool {
        audit.isEmpty && rows.isEmpty && notices.isEmpty && directives.isEmpty
    }
}

/// What the shell is to do after a step is saved. Each is safe to repeat.
package enum HandoverDirective: Hashable, Sendable {
    /// Sign these claims, build the offer, and feed `offerSigned` back.
    case signOffer(HandoverClaims)
    /// Send the offer now over WebSocket, or with the next answer over HTTP; feed `offerSent` back. When the agent is
    /// not there nothing happens: its next connection brings the directive again.
    case pushOffer(SignedOffer)
    /// Ask the source for the token; feed `redemptionAccepted`, `redemptionRefused` or `redemptionUnanswered` back.
    case sendRedemption(RedemptionID, tokenDigest: [UInt8])
    /// Ask the source how the handover stands; feed `sourceAnswered` back.
    case askSource
    /// Ask all peers where the agent with this leaf belongs.
    case askPeers(Fingerprint)
    case closeSessions(Fingerprint)
    /// Feed `wake` at this time; a later directive replaces an earlier one.
    case wake(at: Timestamp)
}

/// An offer with its signed token, kept as it goes out: to push it is to send it.
package struct SignedOffer: Hashable, Sendable, Codable {
    /// `ConnectionSettingsOffers` in OpAMP's encoding.
    package var content: [UInt8]
    /// The hash of the whole offer, by which agent and servers speak of it.
    package var hash: [UInt8]
    /// From then on the token is signed again before it is pushed.
    package var expiresAt: Timestamp

    package init(content: [UInt8], hash: [UInt8], expiresAt: Timestamp) {
        self.content = content
        self.hash = hash
        self.expiresAt = expiresAt
    }

    /// - Throws: `WireFailure` when it cannot be encoded.
    package init(_ offers: ConnectionSettingsOffers, expiresAt: Timestamp) throws(WireFailure) {
        self.init(content: try offers.encoded(), hash: offers.hash, expiresAt: expiresAt)
    }

    /// What the agent is sent.
    package var offers: ConnectionSettingsOffers {
        get throws(WireFailure) { try ConnectionSettingsOffers(decoding: content) }
    }

    private enum CodingKeys: CodingKey {
        case content, hash, expiresAt
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        guard let bytes = Base64URL.decode(try values.decode(String.self, forKey: .content)) else {
            throw DecodingError.dataCorruptedError(forKey: .content, in: values, debugDescription: "no base64url")
        }
        content = bytes
        hash = try values.decode([UInt8].self, forKey: .hash)
        expiresAt = try values.decode(Timestamp.self, forKey: .expiresAt)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(Base64URL.encode(content), forKey: .content)
        try values.encode(hash, forKey: .hash)
        try values.encode(expiresAt, forKey: .expiresAt)
    }
}

extension HandoverStep where State: HandoverParty {
    /// Enters a phase and says so in the audit trail.
    mutating func enter(_ phase: State.Phase, _ action: AuditAction, _ facts: KeyValuePairs<String, String?> = [:]) {
        let before = state.phase.rawValue
        state.phase = phase
        record(action, before: before, facts)
    }

    /// Ends the handover otherwise than settled.
    mutating func end(_ phase: State.Phase, _ action: AuditAction, because ending: String) {
        state.ending = ending
        enter(phase, action, ["reason": ending])
    }

    mutating func record(_ action: AuditAction, before: String? = nil, _ facts: KeyValuePairs<String, String?> = [:]) {
        let claims = state.claims
        let own: [JSON.Member] = [
            .init("handover", .string(claims.id.description)),
            .init("fingerprint", .string(claims.leaf.description)),
            .init("originAgent", .string(claims.agent.row.description)),
            .init("epoch", .integer(Int64(clamping: claims.epoch))),
            .init("from", .string(claims.issuer.description)),
            .init("to", .string(claims.audience.description)),
        ]
        let more = facts.compactMap { name, value in value.map { JSON.Member(name, .string($0)) } }
        audit.append(
            AuditFact(
                action, entityType: "agent", entityID: (state.agentRow ?? claims.agent.row).description, before: before,
                after: state.phase.rawValue, originPeerID: claims.issuer, additional: .object(own + more)))
    }

    mutating func tell(_ type: NoticeType, at now: Timestamp, _ facts: [String: String] = [:]) {
        let number = state.notices.number()
        notices.append(
            HandoverNotice(sequence: number, type: type, epoch: state.claims.epoch, at: now, facts: facts))
    }
}
