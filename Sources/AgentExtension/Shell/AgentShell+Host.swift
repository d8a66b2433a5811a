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

    /// One at a time and off the loop, so that a slow sink costs no heartbeat. Of those that come meanwhile only the last
    /// is kept: it takes the place of the others, and a server cannot fill the memory with them.
    func apply(_ config: AgentRemoteConfig) {
        guard let sink else {
            return take(.remoteConfigFailed(hash: config.configHash, message: "the host has no configuration sink"))
        }
        nextConfig = config
        guard sinkWork == nil else { return }
        sinkWork = Task {
            while let config = nextConfig {
                nextConfig = nil
                do throws(ConfigurationRejection) {
                    let effective = try await sink.apply(config.config ?? AgentConfigMap())
                    if let effective { change { $0.effectiveConfig = effective } }
                    take(.remoteConfigApplied(hash: config.configHash))
                } catch {
                    take(.remoteConfigFailed(hash: config.configHash, message: error.reason))
                }
            }
            sinkWork = nil
        }
    }

    /// Returns when no configuration is half written.
    func waitForSink() async { await sinkWork?.value }
}

extension AgentShell {
    func warn(_ event: AgentLogEvent, _ reason: String) { note(.warning, event, ["reason": reason], at: clock.now()) }
}
