import AgentCore

/// Events that come in some phases in no schedule, or in hardly any, and why.
struct UnreachedPairs: Sendable {
    let reason: String
    let machine: Pair.Machine
    let phases: [String]
    let events: [String]

    init(_ reason: String, _ machine: Pair.Machine, phases: [String], events: [String]) {
        (self.reason, self.machine, self.phases, self.events) = (reason, machine, phases, events)
    }

    var pairs: [Pair] { Pair.pairs(machine, phases, events) }
}

extension UnreachedPairs {
    /// One that is reached after all does not belong here.
    static let never: [UnreachedPairs] = [
        UnreachedPairs(
            "Only a source sends it.", .source,
            phases: [
                "issued", "redeemed", "offered", "leaving", "moved", "settled", "expired", "cancelled",
                "returned",
            ],
            events: ["<offered>", "<returned>", "<cancelled>", "<leaf-revoked>"]),
        UnreachedPairs(
            "There is no offer before the redemption.", .source,
            phases: ["issued"],
            events: ["offerSigned", "offerSent", "agentLeaving"]),
        UnreachedPairs(
            "What the agent does no longer matters to it.", .source,
            phases: ["expired", "returned"],
            events: ["agentConnected", "agentLeaving", "agentDisconnected", "agentFailed"]),
        UnreachedPairs(
            "What the agent does no longer matters to it, unless it connects or failed.", .source,
            phases: ["settled"],
            events: ["agentLeaving", "agentDisconnected"]),
        UnreachedPairs(
            "Only open handovers hear of it.", .source,
            phases: ["settled", "expired", "cancelled", "returned"],
            events: ["leafRevoked"]),
        UnreachedPairs(
            "Only handovers that the agent still matters to hear of it.", .source,
            phases: ["settled", "expired", "returned"],
            events: ["higherEpochSeen"]),
        UnreachedPairs(
            "A preview is not saved.", .target,
            phases: ["previewed"],
            events: [
                "redemptionAccepted", "redemptionRefused", "redemptionUnanswered", "sourceAnswered",
                "agentConnected", "agentCommitted", "agentDisconnected", "withdrawRequested",
                "higherEpochSeen", "wake", "<connected>", "<arrived>", "<settled>", "<lapsed>", "<offered>",
                "<returned>", "<cancelled>", "<leaf-revoked>", "refused connected", "refused arrived",
                "refused settled", "refused lapsed", "refused offered", "refused returned",
                "refused cancelled", "refused leaf-revoked",
            ]),
        UnreachedPairs(
            "The review refuses a token that is known.", .target,
            phases: ["redeeming", "awaiting", "connected", "arrived", "settled", "lapsed", "withdrawn"],
            events: ["redeemRequested"]),
        UnreachedPairs(
            "Only a target sends it.", .target,
            phases: ["redeeming", "awaiting", "connected", "arrived", "settled", "lapsed", "withdrawn"],
            events: ["<connected>", "<arrived>", "<settled>", "<lapsed>"]),
        UnreachedPairs(
            "Only a source sends it.", .target,
            phases: ["redeeming", "awaiting", "connected", "arrived", "settled", "lapsed", "withdrawn"],
            events: ["refused offered", "refused returned", "refused cancelled", "refused leaf-revoked"]),
        UnreachedPairs(
            "What the agent does is told to open handovers.", .target,
            phases: ["settled", "lapsed"],
            events: ["agentConnected", "agentCommitted", "agentDisconnected"]),
        UnreachedPairs(
            "What the agent does is told to open handovers, and only a message to one that it has ended.",
            .target,
            phases: ["withdrawn"],
            events: ["agentDisconnected"]),
        UnreachedPairs(
            "The leaf is not accepted before the source has accepted the redemption.", .target,
            phases: ["redeeming"],
            events: ["agentCommitted"]),
        UnreachedPairs(
            "The first event of a process is `started`.", .agent,
            phases: ["idle", "idle*"],
            events: [
                "opened", "answer", "answer with offer", "unavailable", "bad request", "nonsense",
                "send failed", "closed", "failed", "report changed", "config applied", "config failed", "stop",
                "woke heartbeat", "woke retry", "woke nextTry", "woke answer", "woke verification",
                "woke leaving", "woke stable", "woke probation", "woke lost", "woke provoked",
                "woke meter", "woke renewal",
            ]),
        UnreachedPairs(
            "A process starts once.", .agent,
            phases: [
                "wait", "wait*", "wait~", "wait^", "dial", "dial*", "dial~", "dial^", "report", "report*",
                "report~", "report^", "online", "online~", "leave>", "leave>*", "leave>~", "leave>wait",
                "leave>wait*", "leave>wait~", "leave>wait^", "leave>stop", "leave>stop*", "leave>stop~",
                "leave>stop^", "stopped",
            ],
            events: ["started"]),
        UnreachedPairs(
            "The process has ended.", .agent,
            phases: ["stopped"],
            events: [
                "opened", "answer", "answer with offer", "unavailable", "bad request", "nonsense",
                "send failed", "closed", "failed", "report changed", "config applied", "config failed", "stop",
                "woke heartbeat", "woke retry", "woke nextTry", "woke answer", "woke verification",
                "woke leaving", "woke stable", "woke probation", "woke lost", "woke provoked",
                "woke meter", "woke renewal",
            ]),
        UnreachedPairs(
            "No agent here takes remote configurations; `TransitionTable` has them.", .agent,
            phases: [
                "wait", "wait*", "wait~", "wait^", "dial", "dial*", "dial~", "dial^", "report", "report*",
                "report~", "report^", "online", "online~", "leave>", "leave>*", "leave>~", "leave>wait",
                "leave>wait*", "leave>wait~", "leave>wait^", "leave>stop", "leave>stop*", "leave>stop~",
                "leave>stop^",
            ],
            events: ["config applied", "config failed"]),
        UnreachedPairs(
            "No server here grants a standby server; `StandbyTests` has it.", .agent,
            phases: Agent.phaseNames,
            events: ["woke standby", "woke standbyCheck"]),
        UnreachedPairs(
            "There is no connection.", .agent,
            phases: ["wait", "wait*", "wait~", "wait^"],
            events: [
                "answer", "answer with offer", "unavailable", "bad request", "nonsense", "send failed",
                "failed",
            ]),
        UnreachedPairs(
            "The connection is not open yet.", .agent,
            phases: ["dial", "dial*", "dial~", "dial^"],
            events: ["answer", "answer with offer", "unavailable", "bad request", "nonsense", "send failed"]),
        UnreachedPairs(
            "Only a connection that was ordered opens.", .agent,
            phases: [
                "wait", "wait*", "wait~", "wait^", "report", "report*", "report~", "report^", "online",
                "online~", "leave>", "leave>*", "leave>~", "leave>wait", "leave>wait*", "leave>wait~",
                "leave>wait^", "leave>stop", "leave>stop*", "leave>stop~", "leave>stop^",
            ],
            events: ["opened"]),
        UnreachedPairs(
            "These timers run while the agent is online.", .agent,
            phases: [
                "wait", "wait*", "wait~", "wait^", "dial", "dial*", "dial~", "dial^", "report", "report*",
                "report~", "report^", "leave>", "leave>*", "leave>~", "leave>wait", "leave>wait*",
                "leave>wait~", "leave>wait^", "leave>stop", "leave>stop*", "leave>stop~", "leave>stop^",
            ],
            events: ["woke heartbeat", "woke stable", "woke renewal"]),
        UnreachedPairs(
            "The timer runs until the active server has answered.", .agent,
            phases: [
                "wait", "wait*", "wait~", "wait^", "dial", "dial*", "dial~", "dial^", "report*", "report^",
                "online", "online~", "leave>", "leave>*", "leave>~", "leave>wait", "leave>wait*",
                "leave>wait~", "leave>wait^", "leave>stop", "leave>stop*", "leave>stop~", "leave>stop^",
            ],
            events: ["woke answer"]),
        UnreachedPairs(
            "The timer runs while a server is left.", .agent,
            phases: [
                "wait", "wait*", "wait~", "wait^", "dial", "dial*", "dial~", "dial^", "report", "report*",
                "report~", "report^", "online", "online~",
            ],
            events: ["woke leaving"]),
        UnreachedPairs(
            "There is no candidate.", .agent,
            phases: ["wait", "wait~", "dial", "dial~", "report", "report~", "online", "online~"],
            events: ["woke verification"]),
        UnreachedPairs(
            "The wait ends when the active server is dialled.", .agent,
            phases: ["wait*", "dial", "dial*", "dial~", "report", "report*", "report~", "online", "online~"],
            events: ["woke retry"]),
        UnreachedPairs(
            "There is no probation.", .agent,
            phases: ["wait", "dial", "report", "online"],
            events: ["woke probation", "woke lost"]),
    ]

    /// They may be reached, and need not. Every other pair is reached in
    /// each campaign of the complete size.
    static let seldom: [UnreachedPairs] = [
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["redeemed", "offered", "leaving", "moved", "settled", "expired", "cancelled", "returned"],
            events: ["redeemed", "pushRequested", "cancelRequested"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["offered", "leaving", "moved", "settled", "expired", "cancelled", "returned"],
            events: ["offerSigned"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["leaving", "moved", "settled", "expired", "cancelled", "returned"],
            events: ["offerSent"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["moved", "settled", "cancelled"],
            events: ["agentConnected"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["redeemed", "leaving", "moved", "cancelled"],
            events: ["agentLeaving"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["redeemed", "offered", "moved", "cancelled"],
            events: ["agentDisconnected"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["redeemed", "offered", "leaving", "moved", "settled", "cancelled"],
            events: ["agentFailed"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["issued", "redeemed", "offered", "leaving", "moved"],
            events: ["leafRevoked"]),
        UnreachedPairs(
            "It takes a message of a higher epoch from an agent that still tries this server.", .target,
            phases: ["withdrawn"],
            events: ["agentConnected", "agentCommitted"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["issued", "redeemed", "offered", "leaving", "moved", "cancelled"],
            events: ["higherEpochSeen"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["redeemed", "offered", "leaving", "expired", "returned"],
            events: ["wake"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["issued", "redeemed", "offered", "moved", "settled", "expired", "cancelled", "returned"],
            events: ["<connected>", "<arrived>"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["issued", "redeemed", "offered", "leaving", "settled", "expired", "cancelled", "returned"],
            events: ["<settled>"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .source,
            phases: ["issued", "offered", "leaving", "moved", "settled", "expired", "cancelled", "returned"],
            events: ["<lapsed>"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .target,
            phases: ["awaiting", "connected", "arrived", "settled", "lapsed", "withdrawn"],
            events: ["redemptionAccepted", "redemptionUnanswered"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .target,
            phases: ["redeeming", "awaiting", "connected", "arrived", "settled", "lapsed", "withdrawn"],
            events: [
                "redemptionRefused", "sourceAnswered", "withdrawRequested", "higherEpochSeen", "<cancelled>",
                "<leaf-revoked>", "refused connected", "refused arrived", "refused settled", "refused lapsed",
            ]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .target,
            phases: ["redeeming", "connected"],
            events: ["agentConnected"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .target,
            phases: ["awaiting", "arrived"],
            events: ["agentCommitted"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .target,
            phases: ["redeeming", "awaiting", "connected"],
            events: ["agentDisconnected"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .target,
            phases: ["connected", "settled", "lapsed"],
            events: ["wake"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .target,
            phases: ["connected", "arrived", "settled", "lapsed", "withdrawn"],
            events: ["<offered>"]),
        UnreachedPairs(
            "It takes a crash, a lost answer or an operator at the wrong moment, or a loss of data.", .target,
            phases: ["redeeming", "connected", "arrived", "settled", "lapsed", "withdrawn"],
            events: ["<returned>"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: ["idle*"],
            events: ["started"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "report^", "leave>", "leave>~", "leave>wait*", "leave>wait~", "leave>wait^", "leave>stop*",
                "leave>stop^",
            ],
            events: ["answer"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "report*", "report^", "leave>", "leave>~", "leave>wait", "leave>wait*", "leave>wait~",
                "leave>wait^", "leave>stop", "leave>stop*", "leave>stop~", "leave>stop^",
            ],
            events: ["answer with offer"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "report*", "report~", "report^", "online", "online~", "leave>", "leave>*", "leave>~",
                "leave>wait", "leave>wait*", "leave>wait~", "leave>wait^", "leave>stop", "leave>stop*",
                "leave>stop~", "leave>stop^",
            ],
            events: ["unavailable"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "report", "report*", "report~", "report^", "online", "online~", "leave>", "leave>*", "leave>~",
                "leave>wait", "leave>wait*", "leave>wait~", "leave>wait^", "leave>stop", "leave>stop*",
                "leave>stop~", "leave>stop^",
            ],
            events: ["bad request", "nonsense", "send failed"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "wait", "wait*", "wait~", "wait^", "dial", "dial*", "dial^", "report", "report*", "report~",
                "report^", "leave>", "leave>~", "leave>wait*", "leave>wait~", "leave>wait^", "leave>stop*",
                "leave>stop^",
            ],
            events: ["closed"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "report^", "leave>", "leave>*", "leave>~", "leave>wait", "leave>wait*", "leave>wait~",
                "leave>wait^", "leave>stop", "leave>stop*", "leave>stop~", "leave>stop^",
            ],
            events: ["failed"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "wait*", "wait~", "wait^", "dial", "dial*", "dial~", "dial^", "report", "report*", "report~",
                "report^", "leave>", "leave>*", "leave>~", "leave>wait", "leave>wait*", "leave>wait~",
                "leave>wait^", "leave>stop", "leave>stop*", "leave>stop~", "leave>stop^",
            ],
            events: ["report changed", "stop"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "wait^", "dial^", "report^", "leave>", "leave>*", "leave>~", "leave>wait", "leave>wait*",
                "leave>wait~", "leave>wait^", "leave>stop", "leave>stop*", "leave>stop~", "leave>stop^",
            ],
            events: ["woke retry"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "wait", "wait~", "dial", "dial*", "dial~", "dial^", "report", "report*", "report~", "report^",
                "online", "online~", "leave>", "leave>*", "leave>~", "leave>wait", "leave>wait*",
                "leave>wait~", "leave>wait^", "leave>stop", "leave>stop*", "leave>stop~", "leave>stop^",
            ],
            events: ["woke nextTry"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: ["report", "report~"],
            events: ["woke answer"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "wait*", "wait^", "dial*", "dial^", "report*", "report^", "leave>", "leave>*", "leave>~",
                "leave>wait", "leave>wait*", "leave>wait~", "leave>wait^", "leave>stop", "leave>stop*",
                "leave>stop~", "leave>stop^",
            ],
            events: ["woke verification"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "leave>", "leave>~", "leave>wait", "leave>wait*", "leave>wait~", "leave>wait^", "leave>stop*",
                "leave>stop~", "leave>stop^",
            ],
            events: ["woke leaving"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "wait*", "wait^", "dial*", "dial^", "report*", "report~", "report^", "leave>", "leave>*",
                "leave>~", "leave>wait", "leave>wait*", "leave>wait~", "leave>wait^", "leave>stop",
                "leave>stop*", "leave>stop~", "leave>stop^",
            ],
            events: ["woke probation"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "wait*", "wait^", "dial*", "dial~", "dial^", "report*", "report~", "report^", "online~",
                "leave>", "leave>*", "leave>~", "leave>wait", "leave>wait*", "leave>wait~", "leave>wait^",
                "leave>stop", "leave>stop*", "leave>stop~", "leave>stop^",
            ],
            events: ["woke lost"]),
        UnreachedPairs(
            "The phase lasts milliseconds, or follows on several faults.", .agent,
            phases: [
                "wait*", "wait^", "dial", "dial*", "dial~", "dial^", "report", "report*", "report~", "report^",
                "leave>", "leave>*", "leave>~", "leave>wait", "leave>wait*", "leave>wait~", "leave>wait^",
                "leave>stop", "leave>stop*", "leave>stop~", "leave>stop^",
            ],
            events: ["woke provoked", "woke meter"]),
    ]
}
