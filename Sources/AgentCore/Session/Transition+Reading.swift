import OpAMPProto
import Vocabulary

// What a server says.
extension Transition {
    mutating func received(_ message: ServerToAgent, on id: ConnectionID) {
        switch agent.phase {
        case .reporting(var connection) where connection.id == id, .online(var connection) where connection.id == id:
            connection.isRequestOpen = false
            agent.phase = agent.phase.with(connection)
            read(message, on: connection)
        case .leaving(var connection, let departure) where connection.id == id:
            // Only its last wish still matters; the rest comes again, or belongs to a server that is left behind.
            connection.isRequestOpen = false
            agent.phase = .leaving(connection, then: departure)
            if agent.isAddressed(by: message), message.errorResponse == nil {
                agent.reporting.unconfirmed = []
                if let offers = message.connectionSettings { consider(offers, from: connection) }
            }
            continueLeaving()
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    mutating func receivedNonsense(_ detail: String, on id: ConnectionID) {
        switch agent.phase {
        case .reporting(let connection) where connection.id == id, .online(let connection) where connection.id == id:
            order(.drop(connection.id))
            lose(connection, by: .failed(DialFailure(.protocol, detail)))
        case .leaving(var connection, let departure) where connection.id == id:
            connection.isRequestOpen = false
            agent.phase = .leaving(connection, then: departure)
            continueLeaving()
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    private mutating func read(_ message: ServerToAgent, on connection: Connection) {
        guard agent.isAddressed(by: message) else {
            noteProvoked(.warning, .ignoredMessage, ["reason": "it names another instance_uid"])
            if connection.destination == .candidate {
                failMove(.protocol, detail: "the answer names another instance_uid")
            }
            return
        }
        if let error = message.errorResponse { return readError(error, on: connection) }
        agent.reporting.unconfirmed = []
        agent.reporting.learn(message)
        switch agent.phase {
        case .reporting:
            switch connection.destination {
            case .active: becomeOnline(connection)
            case .candidate: guard adoptCandidate(on: connection, after: message) else { return }
            }
        case .online(let connection) where !connection.isAccepted: becomeOnline(connection)
        case .online where agent.watch.isOver: probationOver()
        case .idle, .waiting, .dialing, .online, .leaving, .stopped: break
        }
        if let command = message.command {
            if agent.capabilities.contains(.acceptsRestartCommand) {
                // A command excludes everything else (OpAMP, ServerToAgent.command). Ending is the host program's affair.
                if command.type == .restart { note(.info, .restartRequested) }
                return flush()
            }
            noteProvoked(.warning, .ignoredMessage, ["reason": "a restart command is not accepted"])
        }
        identify(message.agentIdentification)
        if message.flags.contains(.reportFullState) { provoke(.fullState) }
        if message.flags.contains(.reportAvailableComponents) { provoke([.components, .allComponents]) }
        if let custom = message.customMessage { readCustom(custom) }
        if let config = message.remoteConfig { readRemoteConfig(config) }
        // An adoption is reported to its server before that server's own offer can take the agent further.
        flush()
        if let offers = message.connectionSettings {
            consider(offers, from: connection)
        } else {
            considerWaitingOffer()
        }
        flush()
    }

    /// Long enough for a cause and what to do about it: cut off, a reason leads nowhere.
    private static let longestReason = 1000

    /// An error excludes all other fields (OpAMP, ServerToAgent.error_response).
    private mutating func readError(_ error: ServerErrorResponse, on connection: Connection) {
        let reason = error.errorMessage.printable(upTo: Self.longestReason)
        noteProvoked(.warning, .serverError, ["type": "\(error.type)", "message": reason])
        switch error.type {
        case .unavailable:
            let advice = error.retryInfo.map { Duration.nanoseconds(Int64(clamping: $0.retryAfterNanoseconds)) }
            agent.reporting.makeUnconfirmedDue()
            switch connection.destination {
            case .active:
                markLost()
                leave(
                    connection,
                    then: .wait(
                        .active, nextBackoff(advice: advice, least: advice == nil ? timings.afterRefusal : .zero)))
            case .candidate:
                let end = ConnectionEnd.failed(DialFailure(.http(status: 503), retryAfter: advice))
                leave(connection, then: .wait(.candidate, nextTry(after: end)))
            }
        case .badRequest, .unknown, .unrecognized:
            if agent.reporting.unconfirmed.contains(.leafRequest) {
                note(.error, .leafRefused, ["reason": reason.isEmpty ? nil : reason])
            }
            // The same message would be as bad again (OpAMP, Bad Request).
            agent.reporting.unconfirmed = []
            switch (agent.phase, connection.destination) {
            case (.reporting, .active): stayUnaccepted(connection)
            case (.reporting, .candidate): failMove(.serverError, detail: reason)
            case (.online, _), (.idle, _), (.waiting, _), (.dialing, _), (.leaving, _), (.stopped, _): break
            }
        }
    }

    /// OpAMP, AgentIdentification. While a handover has not settled the agent stays who it was; and once a connection is
    /// enough, so that no server can keep it busy with names.
    private mutating func identify(_ identification: AgentIdentification?) {
        guard let bytes = identification?.newInstanceUID, !bytes.isEmpty else { return }
        guard let uid = InstanceUID(bytes: bytes), bytes.contains(where: { $0 != 0 }) else {
            return noteProvoked(.warning, .ignoredMessage, ["reason": "the new instance_uid is not 16 bytes"])
        }
        guard uid != agent.state.instanceUID else { return instanceUIDConfirmed() }
        guard agent.state.probation?.isHandover != true, canWrite, !agent.isRenamedOnConnection else {
            return noteProvoked(.warning, .ignoredMessage, ["reason": "a new instance_uid cannot be taken now"])
        }
        note(.info, .uidAdopted, ["from": agent.state.instanceUID.description, "to": uid.description])
        agent.formerUID = agent.state.instanceUID
        agent.isRenamedOnConnection = true
        agent.state.instanceUID = uid
        agent.state.awaitsInstanceUID = false
        agent.reporting.due.insert(.description)
        keep()
    }

    /// The server names the uid that the agent has: that is an answer, too.
    private mutating func instanceUIDConfirmed() {
        guard agent.state.awaitsInstanceUID, canWrite else { return }
        agent.state.awaitsInstanceUID = false
        keep()
    }

    private mutating func readCustom(_ message: CustomMessage) {
        guard message.capability == MoveMessage.capability else { return deliver(message) }
        switch message.type {
        case MoveMessage.trustType: signersAnnounced(message.data)
        case MoveMessage.statementType: signersStated(message.data)
        default: noteProvoked(.debug, .ignoredMessage, ["reason": "unknown custom message type"])
        }
    }
}

extension Agent {
    /// An empty uid is tolerated, though it proves nothing; replies that crossed a change of uid still name the old
    /// one.
    func isAddressed(by message: ServerToAgent) -> Bool {
        message.instanceUID.isEmpty || message.instanceUID == state.instanceUID.bytes
            || message.instanceUID == formerUID?.bytes
    }
}
