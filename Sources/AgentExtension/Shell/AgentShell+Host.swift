import AgentCore
import ClientTransport
import OpAMPProto
import Vocabulary

// The host's side: what it says about itself, and the configuration it takes.
extension AgentShell {
    func start() {
        take(.started)
        lookAtCertificateLater()
        if let sink { work(for: sink, isBeginning: true) }
    }

    func stop() { take(.stopRequested) }

    func change(_ change: @Sendable (inout OwnReport) -> Void) {
        change(&report)
        report.effectiveConfig = report.effectiveConfig?.cut(to: limits.reportedConfig)
        take(.reportChanged(report))
    }

    /// One at a time and off the loop, so that a slow sink costs no heartbeat. Of those that come meanwhile only the last
    /// is kept: it takes the place of the others, and a server cannot fill the memory with them.
    func apply(_ config: AgentRemoteConfig) {
        guard let sink else {
            return take(.remoteConfigFailed(hash: config.configHash, message: "the host has no configuration sink"))
        }
        nextConfig = config
        if sinkWork == nil { work(for: sink) }
    }

    private func work(for sink: any ConfigurationSink, isBeginning: Bool = false) {
        sinkWork = Task {
            if isBeginning { await announceRestored(by: sink) }
            while let config = nextConfig {
                nextConfig = nil
                do throws(ConfigurationRejection) {
                    let effective = try await sink.apply(config.config ?? AgentConfigMap())
                    if let effective { change { $0.effectiveConfig = effective } }
                    take(.remoteConfigApplied(hash: config.configHash))
                } catch {
                    take(
                        .remoteConfigFailed(hash: config.configHash, message: error.reason, mayPass: error.mayPass))
                }
            }
            sinkWork = nil
        }
    }

    private func announceRestored(by sink: any ConfigurationSink) async {
        do throws(ConfigurationRejection) {
            try await sink.announceRestored()
        } catch {
            note(
                .warning, .remoteConfigFailed,
                [
                    "reason": "the configuration before was put back, and \(error.reason)",
                    "next": "Reload the program that reads it.",
                ], at: clock.now())
        }
    }

    /// As a configuration: one at a time, and the last one counts.
    func apply(_ offers: ConnectionSettingsOffers, of hash: OfferHash) {
        guard let connectionsSink else {
            return take(.connectionsRejected(hash, reason: "the host program takes none"))
        }
        nextConnections = (hash, offers)
        guard connectionsWork == nil else { return }
        connectionsWork = Task {
            while let (hash, offers) = nextConnections {
                nextConnections = nil
                do throws(ConnectionsRejection) {
                    try await connectionsSink.apply(offers)
                    take(.connectionsApplied(hash))
                } catch {
                    take(.connectionsRejected(hash, reason: error.reason))
                }
            }
            connectionsWork = nil
        }
    }

    /// Returns when nothing is half done.
    func waitForSinks() async {
        await sinkWork?.value
        await connectionsWork?.value
    }

    func setCapabilities(_ capabilities: AgentCapabilities) {
        take(.capabilitiesChanged(capabilities.intersection(Self.possible(with: sink, connectionsSink))))
    }

    /// What an agent with these sinks can do. An agent that has components reports them.
    static func possible(
        with sink: (any ConfigurationSink)?, _ connectionsSink: (any ConnectionsSink)?
    ) -> AgentCapabilities {
        var possible = AgentCapabilities.handoverDefault.union([
            .acceptsRestartCommand, .reportsEffectiveConfig, .reportsRemoteConfig,
        ])
        if sink != nil { possible.insert(.acceptsRemoteConfig) }
        if let connectionsSink { possible.formUnion(connectionsSink.taken.intersection(.ofHostConnections)) }
        return possible
    }

    /// For what stands in every message, in bytes. Found too large only when it is sent, it would be taken for a report.
    private static let roomBesideCustomMessage = 1024

    func send(_ message: CustomMessage) throws(CustomMessageRefusal) {
        let size = message.capability.utf8.count + message.type.utf8.count + message.data.count
        guard size <= limits.sent - Self.roomBesideCustomMessage else { throw .tooLarge }
        if let refusal = agent.refusal(of: message) { throw refusal }
        take(.customMessage(message))
    }
}

// A certificate from files.
extension AgentShell {
    /// The host's PKI tells nobody when it has renewed the files.
    private static let certificatePeriod = Duration.seconds(3600)

    private func lookAtCertificateLater() {
        guard certificateFiles != nil || proxy.certificateFiles != nil, !isFinished else { return }
        certificateLook = loop.wake(after: Self.certificatePeriod) { [weak self] in
            self?.assumeIsolated { shell in
                Task { await shell.reloadCertificate() }
                shell.lookAtCertificateLater()
            }
        }
    }

    /// Reads the files again and goes on with what they hold; what cannot be used leaves everything as it is.
    func reloadCertificate() async {
        await reload(certificateFiles) { pair in
            guard pair.leaf != agent.configuration.server.settings.leaf else { return }
            let identity = try HeldIdentity(pair.key)
            key = pair.key
            take(.leafReplaced(pair.leaf, identity))
        }
        // For the next connection.
        await reload(proxy.certificateFiles) { pair in
            proxy.tls.identity = ClientIdentity(chain: pair.leaf.certificates, key: pair.key)
        }
    }

    private func reload(_ files: CertificateFiles?, _ use: (CertificateFiles.Pair) throws -> Void) async {
        guard let files else { return }
        let now = clock.now()
        do {
            try use(try await Task.detached { try files.read(at: now) }.value)
        } catch {
            let message = (error as? any OperatorExplainable)?.operatorMessage
            note(
                .error, .leafNotReplaced, ["reason": message?.cause ?? "\(error)", "next": message?.nextAction],
                at: clock.now())
        }
    }
}

extension AgentShell {
    func warn(_ event: AgentLogEvent, _ reason: String) { note(.warning, event, ["reason": reason], at: clock.now()) }
}
