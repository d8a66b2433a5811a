package import OpAMPProto
import Vocabulary

/// What the server has to say to one message.
package struct OpAMPAnswer: Hashable, Sendable {
    package var content: ServerToAgent
    /// Ends the session behind the reply, for this reason.
    package var dismissal: String?
    /// For so long the connection of a dismissed agent is left to it: one that does not disconnect by itself would otherwise
    /// dial again at once.
    package var pause: Duration?

    package init(_ content: ServerToAgent = ServerToAgent(), dismissal: String? = nil, pause: Duration? = nil) {
        self.content = content
        self.dismissal = dismissal
        self.pause = pause
    }

    package static var nothing: OpAMPAnswer { OpAMPAnswer() }

    package static func badRequest(_ reason: String) -> OpAMPAnswer {
        OpAMPAnswer(ServerToAgent(errorResponse: ServerErrorResponse(type: .badRequest, errorMessage: reason)))
    }

    /// The message has not been taken in, and the session ends: otherwise the next message would count as the second of a
    /// session whose first report was never recorded, and would be answered without an error. The agent disconnects and
    /// comes again with a first report (OpAMP, Throttling).
    package static func unavailable(retryAfter: Duration, _ reason: String) -> OpAMPAnswer {
        let nanoseconds = UInt64(clamping: retryAfter.wholeMilliseconds).multipliedReportingOverflow(by: 1_000_000)
        return OpAMPAnswer(
            ServerToAgent(
                errorResponse: ServerErrorResponse(
                    type: .unavailable,
                    errorMessage: reason,
                    retryInfo: RetryInfo(retryAfterNanoseconds: nanoseconds.partialValue)
                )), dismissal: reason, pause: min(retryAfter, .seconds(30)))
    }

    /// To an agent that belonged to a peer when it sent its message, and is this server's again.
    package static var comeAgain: OpAMPAnswer {
        OpAMPAnswer(dismissal: "The agent is this server's again; connect anew.")
    }

    /// To an agent whose session is over before its message was answered: no answer that a candidate could take for its
    /// proof.
    package static var sessionOver: OpAMPAnswer {
        var answer = unavailable(retryAfter: .seconds(5), "The agent is not accepted by this certificate any more.")
        answer.pause = nil
        return answer
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
