/// Reviewed by hand against the two machines of the protocol.
let targetTable = """
    previewed:
      redeemRequested, redeemRequested other: -> redeeming Handover.RedemptionRequested do:sendRedemption do:wake
      redeemRequested late: refused handover.expired
      redemptionAccepted, redemptionRefused, redemptionUnanswered, source issued, source issued late, source redeemed, source \
    redeemed other, source returned, agentConnected, agentConnected late, agentCommitted, agentCommitted by another \
    offer, agentCommitted silently, agentCommitted by staying, agentDisconnected, noticeRefused arrived, \
    noticeRefused connected, higherEpochSeen, wake, wake after exp, wake after exp, agent gone, wake after deadline: \
    nothing
      withdrawRequested: refused handover.over
      <connected>, <arrived>, <settled>, <lapsed>, <offered>, <returned>, <cancelled>, <leaf-revoked>: \
    Handover.NoticeRefused = refused handover.notice-not-allowed
    redeeming:
      redeemRequested, redeemRequested late, redemptionUnanswered, source issued, agentConnected, agentConnected late, \
    agentCommitted, agentCommitted by another offer, agentCommitted silently, agentCommitted by staying, \
    agentDisconnected, noticeRefused arrived, noticeRefused connected: nothing
      redeemRequested other: refused handover.already-redeemed
      redemptionAccepted, source redeemed: -> awaiting Handover.TokenRedeemed row:expect do:wake
      redemptionRefused, source issued late, source redeemed other, source returned: -> withdrawn Handover.TokenRefused
      withdrawRequested: -> withdrawn Handover.Cancelled tell:lapsed#1 do:closeSessions
      higherEpochSeen: -> withdrawn Handover.Cancelled row:raiseEpoch do:closeSessions do:askPeers
      wake: do:sendRedemption do:wake
      wake after exp, wake after exp, agent gone: do:askSource do:wake
      wake after deadline: -> withdrawn Handover.Lapsed tell:lapsed#1 do:closeSessions
      <connected>, <arrived>, <settled>, <lapsed>: Handover.NoticeRefused = refused handover.notice-not-allowed
      <offered>: = gap after 0
      <returned>: -> withdrawn Handover.AgentReturned do:closeSessions = accepted
      <cancelled>: -> withdrawn Handover.Cancelled do:closeSessions = accepted
      <leaf-revoked>: -> withdrawn Agent.LeafRevoked do:closeSessions = accepted
    awaiting:
      redeemRequested, redeemRequested late, redemptionAccepted, redemptionRefused, redemptionUnanswered, source issued, source \
    issued late, source redeemed, source redeemed other, agentCommitted by another offer, agentCommitted by staying, \
    agentDisconnected, noticeRefused arrived, noticeRefused connected: nothing
      redeemRequested other: refused handover.already-redeemed
      source returned: -> withdrawn Handover.AgentReturned row:withdraw do:closeSessions
      agentConnected, agentConnected late: -> connected Handover.AgentConnected tell:connected#1
      agentCommitted, agentCommitted silently: -> arrived Handover.AgentArrived row:activate tell:arrived#1 do:wake
      withdrawRequested: -> withdrawn Handover.Cancelled row:withdraw tell:lapsed#1 do:closeSessions
      higherEpochSeen: -> withdrawn Handover.Cancelled row:withdraw row:raiseEpoch do:closeSessions do:askPeers
      wake, wake after exp, wake after exp, agent gone: do:wake
      wake after deadline: -> lapsed Handover.Lapsed row:withdraw tell:lapsed#1 do:closeSessions
      <connected>, <arrived>, <settled>, <lapsed>: Handover.NoticeRefused = refused handover.notice-not-allowed
      <offered>: Handover.OfferSent = accepted
      <returned>: -> withdrawn Handover.AgentReturned row:withdraw do:closeSessions = accepted
      <cancelled>: -> withdrawn Handover.Cancelled row:withdraw do:closeSessions = accepted
      <leaf-revoked>: -> withdrawn Agent.LeafRevoked row:withdraw do:closeSessions = accepted
    connected:
      redeemRequested, redeemRequested late, redemptionAccepted, redemptionRefused, redemptionUnanswered, source issued, source \
    issued late, source redeemed, source redeemed other, agentConnected, agentConnected late, agentCommitted by \
    another offer, agentCommitted by staying, noticeRefused arrived, noticeRefused connected, wake after deadline: nothing
      redeemRequested other: refused handover.already-redeemed
      source returned: -> withdrawn Handover.AgentReturned row:withdraw do:closeSessions
      agentCommitted, agentCommitted silently: -> arrived Handover.AgentArrived row:activate tell:arrived#2 do:wake
      agentDisconnected: -> awaiting Handover.AgentDisconnected
      withdrawRequested: -> withdrawn Handover.Cancelled row:withdraw tell:lapsed#2 do:closeSessions
      higherEpochSeen: -> withdrawn Handover.Cancelled row:withdraw row:raiseEpoch do:closeSessions do:askPeers
      wake, wake after exp, wake after exp, agent gone: do:wake
      <connected>, <arrived>, <settled>, <lapsed>: Handover.NoticeRefused = refused handover.notice-not-allowed
      <offered>: Handover.OfferSent = accepted
      <returned>: -> withdrawn Handover.AgentReturned row:withdraw do:closeSessions = accepted
      <cancelled>: -> withdrawn Handover.Cancelled row:withdraw do:closeSessions = accepted
      <leaf-revoked>: -> withdrawn Agent.LeafRevoked row:withdraw do:closeSessions = accepted
    arrived:
      redeemRequested, redeemRequested late, redemptionAccepted, redemptionRefused, redemptionUnanswered, source issued, source \
    issued late, source redeemed, source redeemed other, agentCommitted, agentCommitted by another offer, \
    agentCommitted silently, agentCommitted by staying, agentDisconnected, noticeRefused connected, wake after exp, \
    agent gone: nothing
      redeemRequested other: refused handover.already-redeemed
      source returned, noticeRefused arrived: -> withdrawn Handover.AgentReturned row:withdraw do:closeSessions
      agentConnected, wake: do:wake
      agentConnected late, wake after exp, wake after deadline: -> settled Handover.Settled tell:settled#3
      withdrawRequested: refused handover.already-arrived
      higherEpochSeen: -> withdrawn Handover.Cancelled row:withdraw row:raiseEpoch do:closeSessions do:askPeers
      <connected>, <arrived>, <settled>, <lapsed>, <cancelled>: Handover.NoticeRefused = refused \
    handover.notice-not-allowed
      <offered>: Handover.OfferSent = accepted
      <returned>: -> withdrawn Handover.AgentReturned row:withdraw do:closeSessions = accepted
      <leaf-revoked>: -> withdrawn Agent.LeafRevoked row:withdraw do:closeSessions = accepted
    settled:
      redeemRequested, redeemRequested late, redemptionAccepted, redemptionRefused, redemptionUnanswered, source issued, source \
    issued late, source redeemed, source redeemed other, agentConnected, agentConnected late, agentCommitted, \
    agentCommitted by another offer, agentCommitted silently, agentCommitted by staying, agentDisconnected, \
    noticeRefused connected, wake, wake after exp, wake after exp, agent gone, wake after deadline: nothing
      redeemRequested other: refused handover.already-redeemed
      source returned, noticeRefused arrived: -> withdrawn Handover.AgentReturned row:withdraw do:closeSessions
      withdrawRequested: refused handover.already-arrived
      higherEpochSeen: do:askPeers
      <connected>, <arrived>, <settled>, <lapsed>, <cancelled>, <leaf-revoked>: Handover.NoticeRefused = refused \
    handover.notice-not-allowed
      <offered>: Handover.OfferSent = accepted
      <returned>: -> withdrawn Handover.AgentReturned row:withdraw do:closeSessions = accepted
    lapsed:
      redeemRequested, redeemRequested late, redeemRequested other, withdrawRequested: refused handover.over
      redemptionAccepted: tell:lapsed#2
      redemptionRefused, redemptionUnanswered, source issued, source issued late, source redeemed, source redeemed other, \
    source returned, agentCommitted, agentCommitted by another offer, agentCommitted silently, agentCommitted by \
    staying, agentDisconnected, noticeRefused arrived, noticeRefused connected, higherEpochSeen, wake, wake after \
    exp, wake after exp, agent gone, wake after deadline: nothing
      agentConnected, agentConnected late: do:closeSessions
      <connected>, <arrived>, <settled>, <lapsed>: Handover.NoticeRefused = refused handover.notice-not-allowed
      <offered>: Handover.OfferSent = accepted
      <returned>, <cancelled>, <leaf-revoked>: = accepted
    withdrawn:
      redeemRequested, redeemRequested late, redeemRequested other, withdrawRequested: refused handover.over
      redemptionAccepted: tell:lapsed#2
      redemptionRefused, redemptionUnanswered, source issued, source issued late, source redeemed, source redeemed other, \
    source returned, agentCommitted, agentCommitted by another offer, agentCommitted silently, agentCommitted by \
    staying, agentDisconnected, noticeRefused arrived, noticeRefused connected, higherEpochSeen, wake, wake after \
    exp, wake after exp, agent gone, wake after deadline: nothing
      agentConnected, agentConnected late: do:closeSessions
      <connected>, <arrived>, <settled>, <lapsed>: Handover.NoticeRefused = refused handover.notice-not-allowed
      <offered>: Handover.OfferSent = accepted
      <returned>, <cancelled>, <leaf-revoked>: = accepted
    """
