import OpAMPProto
import Vocabulary

// What a server says.
extension Turn {
    mutating func received(_ message: ServerToAgent, on id: ConnectionID) {
        switch agent.phase {
        case .reporting(var line) where line.id == id, .online(var line) where line.id == id:
            line.isRequestOpen = false
            agent.phase = agent.phase.with(line)
            read(message, on: line)
        case .leaving(var line, let departure) where line.id == id:
            // Only its last wish still matters; the rest comes again, or belongs to a server that is left behind.
            line.isRequestOpen = false
            agent.phase = .leaving(line, then: departure)
            if agent.isAddressed(by: message), message.errorResponse == nil {
                agent.reporting.unconfirmed = []
                if let offers = message.connectionSettings { consider(offers, from: line) }
            }
            continueLeaving()
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    mutating func receivedNonsense(_ detail: String, on id: ConnectionID) {
        switch agent.phase {
        case .reporting(let line) where line.id == id, .online(let line) where line.id == id:
            order(.drop(line.id))
            lose(line, by: .failed(DialFailure(.protocol, detail)))
        case .leaving(var line, let departure) where line.id == id:
            line.isRequestOpen = false
            agent.phase = .leaving(line, then: departure)
            continueLeaving()
        case .idle, .waiting, .dialing, .reporting, .online, .leaving, .stopped: break
        }
    }

    private mutating func read(_ message: ServerToAgent, on line: Line) {
        guard agent.isAddressed(by: message) else {
            note(.warning, .ignoredMessage, ["reason": "it names another instance_uid"])
            if line.destination == .candidate { failMove(.protocol, detail: "the answer names another instance_uid") }
            return
        }
        if let error = message.errorResponse { return readError(error, on: line) }
        agent.reporting.unconfirmed = []
        agent.reporting.learn(message)
        switch agent.phase {
        case .reporting:
            switch line.destination {
            case .home: becomeOnline(line)
            case .candidate: guard adoptCandidate(on: line, after: message) else { return }
            }
        case .online(let line) where !line.isAccepted: becomeOnline(line)
        case .idle, .waiting, .dialing, .online, .leaving, .stopped: break
        }
        if let command = message.command, agent.configuration.capabilities.contains(.acceptsRestartCommand) {
            // A command excludes everything else (OpAMP, ServerToAgent.command). Ending is the host program's affair.
            if command.type == .restart { note(.info, .restartRequested) }
            return flush()
        }
        identify(message.agentIdentification)
        if message.flags.contains(.reportFullState) { provoke(.fullState) }
        if let custom = message.customMessage { readCustom(custom) }
        if let config = message.remoteConfig { readRemoteConfig(config) }
        // An adoption is reported to its server before that server's own offer can take the agent further.
        flush()
        if let offers = message.connectionSettings { consider(offers, from: line) } else { considerWaitingOffer() }
        flush()
    }

    /// An error excludes all other fields (OpAMP, ServerToAgent.error_response).
    private mutating func readError(_ error: ServerErrorResponse, on line: Line) {
        note(.warning, .serverError, ["type": "\(error.type)", "message": error.errorMessage.printable(upTo: 200)])
        switch error.type {
        case .unavailable:
            let advice = error.retryInfo.map { Duration.nanoseconds(Int64(clamping: $0.retryAfterNanoseconds)) }
            agent.reporting.foldBack()
            switch line.destination {
            case .home:
                markLost()
                leave(line, then: .wait(.home, nextBackoff(advice: advice)))
            case .candidate:
                let end = LineEnd.failed(DialFailure(.http(status: 503), retryAfter: advice))
                leave(line, then: .wait(.candidate, nextTry(after: end)))
            }
        case .badRequest, .unknown, .unrecognized:
            if agent.reporting.unconfirmed.contains(.leafRequest) {
                let reason = error.errorMessage.printable(upTo: 200)
                note(.error, .leafRefused, ["reason": reason.isEmpty ? nil : reason])
            }
            // The same message would be as bad again (OpAMP, Bad Request).
            agent.reporting.unconfirmed = []
            switch (agent.phase, line.destination) {
            case (.reporting, .home): stayUnaccepted(line)
            case (.reporting, .candidate): failMove(.serverError, detail: error.errorMessage.printable(upTo: 200))
            case (.online, _), (.idle, _), (.waiting, _), (.dialing, _), (.leaving, _), (.stopped, _): break
            }
        }
    }

    /// OpAMP, AgentIdentification. While a handover has not settled the agent stays who it was; and once a line is
    /// enough, so that no server can keep it busy with names.
    private mutating func identify(_ identification: AgentIdentification?) {
        guard let bytes = identification?.newInstanceUID, !bytes.isEmpty else { return }
        guard let uid = InstanceUID(bytes: bytes), bytes.contains(where: { $0 != 0 }) else {
            return note(.warning, .ignoredMessage, ["reason": "the new instance_uid is not 16 bytes"])
        }
        guard uid != agent.state.instanceUID else { return }
        guard agent.state.probation?.isHandover != true, canWrite, !agent.isRenamedOnLine else {
            return note(.warning, .ignoredMessage, ["reason": "a new instance_uid cannot be taken now"])
        }
        note(.info, .uidAdopted, ["from": agent.state.instanceUID.description, "to": uid.description])
        agent.formerUID = agent.state.instanceUID
        agent.isRenamedOnLine = true
        agent.state.instanceUID = uid
        agent.reporting.due.insert(.description)
        keep()
    }

    private mutating func readCustom(_ message: CustomMessage) {
        guard message.capability == MoveMessage.capability else { return }
        switch message.type {
        case MoveMessage.trustType: signersAnnounced(message.data)
        case MoveMessage.statementType: signersStated(message.data)
        default: note(.debug, .ignoredMessage, ["reason": "unknown custom message type"])
        }
    }

    // MARK: Remote configuration

    private mutating func readRemoteConfig(_ offered: AgentRemoteConfig) {
        guard agent.configuration.capabilities.contains(.acceptsRemoteConfig),
            1...OfferHash.longest ~= offered.configHash.count
        else { return note(.debug, .ignoredMessage, ["reason": "remote configuration is not taken"]) }
        guard offered.configHash != agent.configBeingApplied else { return }
        guard offered.configHash != agent.state.remoteConfigStatus?.lastRemoteConfigHash else {
            return provoke(.remoteConfigStatus)
        }
        agent.configBeingApplied = offered.configHash
        agent.reporting.due.insert(.remoteConfigStatus)
        note(.info, .remoteConfigReceived, ["hash": Hex.encode(offered.configHash.prefix(32))])
        order(.applyRemoteConfig(offered))
    }

    mutating func remoteConfigDone(_ outcome: RemoteConfigOutcome) {
        // A later configuration has taken its place.
        guard outcome.hash == agent.configBeingApplied else { return }
        agent.configBeingApplied = nil
        agent.state.remoteConfigStatus = RemoteConfigStatus(
            lastRemoteConfigHash: outcome.hash, status: outcome.failure == nil ? .applied : .failed,
            errorMessage: (outcome.failure ?? "").printable(upTo: 1000))
        let hash = Hex.encode(outcome.hash.prefix(32))
        if let failure = outcome.failure {
            note(.error, .remoteConfigFailed, ["hash": hash, "reason": failure])
        } else {
            note(.info, .remoteConfigApplied, ["hash": hash])
        }
        agent.reporting.due.insert(.remoteConfigStatus)
        keep()
        flush()
    }
}

struct RemoteConfigOutcome {
    var hash: [UInt8]
    /// `nil` when it was applied.
    var failure: String?
}

extension Agent {
    /// An empty uid is tolerated, though it proves nothing; replies that crossed a change of uid still name the old
    /// one.
    func isAddressed(by message: ServerToAgent) -> Bool {
        message.instanceUID.isEmpty || message.instanceUID == state.instanceUID.bytes
            || message.instanceUID == formerUID?.bytes
    }
}
