import HandoverToken
package import OpAMPProto
package import Vocabulary

extension HandoverEpoch {
    /// From the custom message of a client that does not send the header; `nil` when the message says nothing about it.
    package init?(of message: AgentToServer) {
        guard let custom = message.customMessage, custom.capability == MoveMessage.capability,
            custom.type == MoveMessage.standingType
        else { return nil }
        self.init(json: custom.data)
    }
}

extension SourceHandover {
    /// Whether the offer of this handover can still lead an agent with this epoch away. An agent only follows epochs
    /// above its own. One that is further has arrived through a later handover or has returned from its failure, and an
    /// answer would make it believe that it belongs here. It gets UNAVAILABLE, and goes on looking for its server.
    package func leadsOn(_ agent: HandoverEpoch?) -> Bool {
        agent.map { $0.epoch < claims.epoch } ?? true
    }
}
