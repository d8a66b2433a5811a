import AgentCore
import OpAMPProto

// The host's side: what it says about itself, and the configuration it takes.
extension AgentShell {
    func start() { take(.started) }

    func stop() { take(.stopRequested) }

    func change(_ change: @Sendable (inout OwnReport) -> Void) {
        change(&report)
        take(.reportChanged(report))
    }

    /// One after the other, off the loop, so that a slow sink costs no heartbeat.
    func apply(_ config: AgentRemoteConfig) {
        guard let sink else {
            return take(.remoteConfigFailed(hash: config.configHash, message: "the host has no configuration sink"))
        }
        let before = sinkWork
        sinkWork = Task {
            await before?.value
            do throws(ConfigurationRejection) {
                let effective = try await sink.apply(config.config ?? AgentConfigMap())
                if let effective { change { $0.effectiveConfig = effective } }
                take(.remoteConfigApplied(hash: config.configHash))
            } catch {
                take(.remoteConfigFailed(hash: config.configHash, message: error.reason))
            }
        }
    }
}

extension AgentShell {
    func warn(_ event: AgentLogEvent, _ reason: String) { note(.warning, event, ["reason": reason], at: clock.now()) }
}
