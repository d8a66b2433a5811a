package import OpAMPProto
import Vocabulary

/// What the server has to say to one message.
package struct OpAMPAnswer: Hashable, Sendable {
    package var content: ServerToAgent
    /// Ends the session behind the reply, for this reason.
    package var dismissal: String?

    package init(_ content: ServerToAgent = ServerToAgent(), dismissal: String? = nil) {
        self.content = content
        self.dismissal = dismissal
    }

    package static var nothing: OpAMPAnswer { OpAMPAnswer() }

    package static func badRequest(_ reason: String) -> OpAMPAnswer {
        OpAMPAnswer(ServerToAgent(errorResponse: ServerErrorResponse(type: .badRequest, errorMessage: reason)))
    }

    /// The message has not been taken in. The session ends with it: the agent comes again with a first report, as OpAMP
    /// asks of it (Throttling), and one that did not would otherwise have its next message taken for the next of a report
    /// that nobody has.
    package static func unavailable(retryAfter: Duration, _ reason: String) -> OpAMPAnswer {
        let nanoseconds = UInt64(clamping: retryAfter.wholeMilliseconds).multipliedReportingOverflow(by: 1_000_000)
        return OpAMPAnswer(
            ServerToAgent(
                errorResponse: ServerErrorResponse(
                    type: .unavailable,
                    errorMessage: reason,
                    retryInfo: RetryInfo(retryAfterNanoseconds: nanoseconds.partialValue)
                )), dismissal: reason)
    }

    /// To an agent whose session is over before its message was answered: no answer that a candidate could take for its
    /// proof.
    package static var sessionOver: OpAMPAnswer {
        unavailable(retryAfter: .seconds(5), "The agent is not accepted by this certificate any more.")
    }
}

extension ServerToAgent {
    /// Both messages in one; where both say something, `newer` does.
    package func overlaid(with newer: ServerToAgent) -> ServerToAgent {
        ServerToAgent(
            instanceUID: newer.instanceUID.isEmpty ? instanceUID : newer.instanceUID,
            errorResponse: newer.errorResponse ?? errorResponse,
            remoteConfig: newer.remoteConfig ?? remoteConfig,
            connectionSettings: newer.connectionSettings ?? connectionSettings,
            packagesAvailable: newer.packagesAvailable ?? packagesAvailable,
            flags: flags.union(newer.flags),
            capabilities: capabilities.union(newer.capabilities),
            agentIdentification: newer.agentIdentification ?? agentIdentification,
            command: newer.command ?? command,
            customCapabilities: newer.customCapabilities ?? customCapabilities,
            customMessage: newer.customMessage ?? customMessage
        )
    }
}
