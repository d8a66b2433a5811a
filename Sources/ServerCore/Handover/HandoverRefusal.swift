package import Certificates
package import Vocabulary

/// A handover request that this server does not grant, for reasons of state. What is wrong with a token's text is a
/// `TokenRefusal`.
package enum HandoverRefusal: Error, Hashable, Sendable {
    // Issuing
    case agentLacksCapability
    case agentHasNoLeaf
    case leafNotValid([ChainProblem])
    case agentElsewhere(presence: String)
    case handoverOpen(HandoverID, phase: String)
    case peerDisabled(String)
    case peerIncomplete(String, missing: String)
    case timeToLiveOutOfRange
    case probationOutOfRange

    // Claiming
    case unknownHandover(HandoverID)
    case expired(at: Timestamp)
    case alreadyRedeemed
    case cancelled(phase: String)
    case leafChanged(inToken: Fingerprint, present: Fingerprint?)
    case leafRevoked(Fingerprint)
    case staleEpoch(Epoch, known: Epoch)

    // Previewing and redeeming
    case endpointNotMine(String)
    case listenerNotCovered([ChainProblem])
    /// The row has the very leaf that the token names.
    case agentHere(AgentID)
    case uidCollision(InstanceUID, row: AgentID)
    case configurationMissing(String)
    case groupMissing(String)
    case sourceUnreachable(String)
    /// The source was asked and said no, by this code.
    case refusedBySource(code: String)

    // While it runs
    case notRedeemed
    case alreadyMoved(to: String)
    case alreadyArrived
    /// It was seen here and has not said that it adopted this server.
    case mayHaveSettled(sourceRow: AgentID, source: String)
    case over(phase: String)
    case noticeNotAllowed(NoticeType, phase: String)
}
