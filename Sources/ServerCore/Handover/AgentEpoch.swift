import HandoverToken
public import OpAMPProto
public import Vocabulary

/// Where an agent says it stands among its handovers, in the first report of every connection: the epoch of the last
/// one it adopted or, towards a server it is trying, of the one it comes by.
public struct AgentEpoch: Hashable, Sendable {
    public var epoch: Epoch
    public var handover: HandoverID?

    /// From the header `Handover-Epoch: <epoch> <jti>` of an upgrade or a POST; `jti` only after a handover.
    public init?(header: String) {
        let words = header.split(separator: " ", omittingEmptySubsequences: false)
        guard let first = words.first, let epoch = Epoch(first), words.count <= 2 else { return nil }
        let handover = words.dropFirst().first.map { HandoverID(String($0)) }
        if case .some(nil) = handover { return nil }
        self.epoch = epoch
        self.handover = handover ?? nil
    }

    /// `nil` when the message says nothing about it.
    public init?(of message: AgentToServer) {
        guard let custom = message.customMessage, custom.capability == MoveMessage.capability,
            custom.type == MoveMessage.standingType,
            let json = try? JSON(reading: custom.data), let epoch = json["epoch"]?.integer, epoch >= 0
        else { return nil }
        self.epoch = Epoch(epoch)
        handover = json["jti"]?.string.flatMap { HandoverID($0) }
    }
}

extension SourceHandover {
    /// Whether this handover's offer can still lead an agent away that stands so. An agent only follows epochs above
    /// its own: one that is further has come by a later handover or from its failure, and to answer it would make it
    /// believe that it is at home here. It gets UNAVAILABLE, and goes on looking for its server.
    public func leadsOn(_ standing: AgentEpoch?) -> Bool {
        standing.map { $0.epoch < claims.epoch } ?? true
    }
}
