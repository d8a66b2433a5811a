/// Reviewed by hand against the two machines of the protocol.
let sourceTable = """
    issued:
      claimed: -> redeemed Handover.TokenRedeemed do:signOffer
      claimed late: refused handover.expired
      offerSigned, offerSent, agentConnected, agentConnected late, agentLeaving, agentDisconnected, agentFailed, \
    agentFailed other: nothing
      pushRequested: refused handover.not-redeemed
      cancelRequested, leafRevoked: -> cancelled Handover.Cancelled
      higherEpochSeen: -> cancelled Handover.Cancelled row:raiseEpoch do:askPeers
      wake: do:wake
      wake late: -> expired Handover.Lapsed
      <connected>, <arrived>, <settled>, <lapsed>, <offered>, <returned>, <cancelled>, <leaf-revoked>: \
    Handover.NoticeRefused = refused handover.notice-not-allowed
    redeemed:
      claimed, claimed late, agentDisconnected, agentFailed other, wake, wake late: nothing
      offerSigned, agentConnected, agentConnected late: do:pushOffer
      offerSent: -> offered Handover.OfferSent
      pushRequested: Handover.PushRequested do:pushOffer
      agentLeaving: -> leaving Handover.OfferSent Handover.AgentLeaving
      agentFailed: -> returned Handover.AgentReturned tell:returned#2
      cancelRequested: -> cancelled Handover.Cancelled tell:cancelled#2
      leafRevoked: -> cancelled Handover.Cancelled tell:leaf-revoked#2
      higherEpochSeen: -> cancelled Handover.Cancelled row:raiseEpoch tell:cancelled#2 do:askPeers
      <connected>: -> leaving Handover.OfferSent Handover.AgentLeaving = accepted
      <arrived>: -> moved Handover.OfferSent Handover.Completed row:markMoved do:closeSessions = accepted
      <settled>, <offered>, <returned>, <cancelled>, <leaf-revoked>: Handover.NoticeRefused = refused \
    handover.notice-not-allowed
      <lapsed>: -> expired Handover.Lapsed = accepted
    offered:
      claimed, claimed late, offerSent, agentFailed other, wake, wake late: nothing
      offerSigned, agentConnected: do:pushOffer
      pushRequested: Handover.PushRequested do:pushOffer
      agentConnected late, agentFailed: -> returned Handover.AgentReturned tell:returned#2
      agentLeaving, agentDisconnected: -> leaving Handover.AgentLeaving
      cancelRequested: -> cancelled Handover.Cancelled tell:cancelled#2
      leafRevoked: -> cancelled Handover.Cancelled tell:leaf-revoked#2
      higherEpochSeen: -> cancelled Handover.Cancelled row:raiseEpoch tell:cancelled#2 do:askPeers
      <connected>: -> leaving Handover.AgentLeaving = accepted
      <arrived>: -> moved Handover.Completed row:markMoved do:closeSessions = accepted
      <settled>, <offered>, <returned>, <cancelled>, <leaf-revoked>: Handover.NoticeRefused = refused \
    handover.notice-not-allowed
      <lapsed>: -> expired Handover.Lapsed = accepted
    leaving:
      claimed, claimed late, offerSent, agentLeaving, agentDisconnected, agentFailed other, wake, wake late: nothing
      offerSigned: do:pushOffer
      pushRequested: Handover.PushRequested do:pushOffer
      agentConnected: do:wake
      agentConnected late, agentFailed: -> returned Handover.AgentReturned tell:returned#2
      cancelRequested: -> cancelled Handover.Cancelled tell:cancelled#2
      leafRevoked: -> cancelled Handover.Cancelled tell:leaf-revoked#2
      higherEpochSeen: -> cancelled Handover.Cancelled row:raiseEpoch tell:cancelled#2 do:askPeers
      <connected>: = accepted
      <arrived>: -> moved Handover.Completed row:markMoved do:closeSessions = accepted
      <settled>, <offered>, <returned>, <cancelled>, <leaf-revoked>: Handover.NoticeRefused = refused \
    handover.notice-not-allowed
      <lapsed>: -> expired Handover.Lapsed = accepted
    moved:
      claimed, claimed late, offerSent, agentLeaving, agentDisconnected, agentFailed other, wake, wake late: nothing
      offerSigned, agentConnected, agentConnected late: do:pushOffer
      pushRequested, cancelRequested: refused handover.already-moved
      agentFailed: -> returned Handover.AgentReturned row:restore tell:returned#2
      leafRevoked: tell:leaf-revoked#2
      higherEpochSeen: -> settled Handover.Settled row:raiseEpoch
      <connected>, <arrived>, <lapsed>, <offered>, <returned>, <cancelled>, <leaf-revoked>: Handover.NoticeRefused = \
    refused handover.notice-not-allowed
      <settled>: -> settled Handover.Settled = accepted
    settled:
      claimed, claimed late, offerSent, agentLeaving, agentDisconnected, leafRevoked, higherEpochSeen, wake, wake late: nothing
      offerSigned, agentConnected, agentConnected late: do:pushOffer
      pushRequested, cancelRequested: refused handover.already-moved
      agentFailed, agentFailed other: do:wake
      <connected>, <arrived>, <settled>, <lapsed>, <offered>, <returned>, <cancelled>, <leaf-revoked>: \
    Handover.NoticeRefused = refused handover.notice-not-allowed
    expired:
      claimed, claimed late: refused handover.expired
      offerSigned, offerSent, agentConnected, agentConnected late, agentLeaving, agentDisconnected, agentFailed, \
    agentFailed other, leafRevoked, higherEpochSeen, wake, wake late: nothing
      pushRequested, cancelRequested: refused handover.over
      <connected>, <arrived>, <settled>, <lapsed>, <offered>, <returned>, <cancelled>, <leaf-revoked>: \
    Handover.NoticeRefused = refused handover.notice-not-allowed
    cancelled:
      claimed, claimed late: refused handover.cancelled
      offerSigned, offerSent, agentConnected, agentLeaving, agentDisconnected, agentFailed other, higherEpochSeen, \
    wake, wake late: nothing
      pushRequested, cancelRequested: refused handover.over
      agentConnected late, agentFailed: tell:returned#3
      leafRevoked: tell:leaf-revoked#3
      <connected>, <settled>, <lapsed>, <offered>, <returned>, <cancelled>, <leaf-revoked>: Handover.NoticeRefused = \
    refused handover.notice-not-allowed
      <arrived>: -> moved Handover.Completed row:markMoved do:closeSessions = accepted
    returned:
      claimed, claimed late: refused handover.cancelled
      offerSigned, offerSent, agentConnected, agentConnected late, agentLeaving, agentDisconnected, agentFailed, \
    agentFailed other, leafRevoked, higherEpochSeen, wake, wake late: nothing
      pushRequested, cancelRequested: refused handover.over
      <connected>, <arrived>, <settled>, <lapsed>, <offered>, <returned>, <cancelled>, <leaf-revoked>: \
    Handover.NoticeRefused = refused handover.notice-not-allowed
    """
