import OpAMPProto
import Vocabulary

/// A configuration that the sink has.
struct ConfigurationAtWork: Equatable, Sendable {
    var hash: [UInt8]
    /// Of the server that offered it.
    var origin: String
}

struct RemoteConfigFailure {
    var message: String
    var mayPass: Bool
}

// What becomes of a remote configuration.
extension Transition {
    mutating func readRemoteConfig(_ offered: AgentRemoteConfig) {
        guard agent.configuration.capabilities.contains(.acceptsRemoteConfig),
            1...OfferHash.longest ~= offered.configHash.count, let origin = agent.phase.connection?.endpoint.origin
        else { return noteProvoked(.debug, .ignoredMessage, ["reason": "remote configuration is not taken"]) }
        guard offered.configHash != agent.configBeingApplied?.hash else { return }
        let failed = agent.state.failedConfiguration(offered.configHash, from: origin)
        let answer = failed.map { $0.stands(at: now, timings) ? $0.status : nil } ?? agent.state.remoteConfigStatus
        if answer?.lastRemoteConfigHash == offered.configHash, answer == agent.state.remoteConfigStatus {
            agent.waitingConfig = nil
            return provoke(.remoteConfigStatus)
        }
        guard mayWork() else {
            agent.waitingConfig = offered
            return
        }
        agent.waitingConfig = nil
        if let failed, failed.stands(at: now, timings) { return answerAgain(failed) }
        agent.configBeingApplied = ConfigurationAtWork(hash: offered.configHash, origin: origin)
        agent.reporting.due.insert(.remoteConfigStatus)
        note(.info, .remoteConfigReceived, ["hash": Hex.encode(offered.configHash.prefix(32))])
        order(.applyRemoteConfig(offered))
    }

    /// It was tried in vain, and another configuration has been answered since.
    private mutating func answerAgain(_ failed: FailedConfiguration) {
        noteProvoked(.info, .remoteConfigRepeated, ["hash": Hex.encode(failed.hash.prefix(32))])
        agent.state.remoteConfigStatus = failed.status
        keep()
        provoke(.remoteConfigStatus)
    }

    mutating func considerWaitingConfig() {
        guard let waiting = agent.waitingConfig, agent.meters.work.used < timings.workAtOnce else { return }
        readRemoteConfig(waiting)
    }

    /// - Parameter failure: `nil` when it was applied.
    mutating func remoteConfigDone(_ hash: [UInt8], failure: RemoteConfigFailure?) {
        // A later configuration has taken its place.
        guard let work = agent.configBeingApplied, hash == work.hash else { return }
        agent.configBeingApplied = nil
        let shownHash = Hex.encode(hash.prefix(32))
        if let failure {
            let failed = FailedConfiguration(
                origin: work.origin, hash: hash, message: failure.message.printable(upTo: 1000),
                mayPass: failure.mayPass,
                failures: (agent.state.failedConfiguration(hash, from: work.origin)?.failures ?? 0) + 1, at: now)
            agent.state.forgetFailedConfiguration(hash, from: work.origin)
            agent.state.failedConfigurations =
                (agent.state.failedConfigurations + [failed]).suffix(AgentState.failedOfferLimit)
            agent.state.remoteConfigStatus = failed.status
            note(.error, .remoteConfigFailed, ["hash": shownHash, "reason": failed.message])
        } else {
            agent.state.forgetFailedConfiguration(hash, from: work.origin)
            agent.state.remoteConfigStatus = RemoteConfigStatus(lastRemoteConfigHash: hash, status: .applied)
            note(.info, .remoteConfigApplied, ["hash": shownHash])
        }
        agent.reporting.due.insert(.remoteConfigStatus)
        keep()
        flush()
    }
}

extension AgentState {
    func failedConfiguration(_ hash: [UInt8], from origin: String) -> FailedConfiguration? {
        failedConfigurations.first { $0.hash == hash && $0.origin == origin }
    }

    fileprivate mutating func forgetFailedConfiguration(_ hash: [UInt8], from origin: String) {
        failedConfigurations.removeAll { $0.hash == hash && $0.origin == origin }
    }
}
