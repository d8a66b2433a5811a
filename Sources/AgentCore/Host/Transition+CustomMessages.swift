public import OpAMPProto
import Vocabulary

// Messages between a server and the host program, by a capability that both have listed (OpAMP, Custom Messages).
extension Transition {
    /// One at a time, after what is due.
    mutating func say(_ message: CustomMessage) {
        guard agent.refusal(of: message) == nil else { return }
        agent.customMessage = message
        flush()
    }

    mutating func sayCustomMessage() {
        guard case .online(let connection) = agent.phase, connection.isAccepted, !connection.isRequestOpen,
            let message = agent.customMessage
        else { return }
        agent.customMessage = nil
        send([], custom: message)
    }

    mutating func deliver(_ message: CustomMessage) {
        guard agent.report.customCapabilities.contains(message.capability) else {
            return noteProvoked(.debug, .ignoredMessage, ["reason": "nobody here knows the custom capability"])
        }
        guard mayWork() else { return dropWork("custom messages") }
        order(.deliver(message))
    }
}

/// Why a custom message is not sent.
public enum CustomMessageRefusal: Error, Hashable, Sendable, CaseIterable {
    /// The host has not named the capability among its own.
    case notOwnCapability
    /// No server has taken the agent at this moment.
    case notConnected
    case notListedByServer
    /// The one before has not been sent yet. Over HTTP it waits for the answer to the request before.
    case oneIsWaiting
    /// It does not fit into a message that the agent may send.
    case tooLarge
}

extension Agent {
    /// `nil` for a message that can be sent now.
    public func refusal(of message: CustomMessage) -> CustomMessageRefusal? {
        guard report.customCapabilities.contains(message.capability), message.capability != MoveMessage.capability
        else {
            return .notOwnCapability
        }
        guard case .online(let connection) = phase, connection.isAccepted else { return .notConnected }
        guard reporting.serverUnderstands(custom: message.capability) else { return .notListedByServer }
        return customMessage == nil ? nil : .oneIsWaiting
    }
}
