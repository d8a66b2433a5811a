import Certificates
import OpAMPProto
import Vocabulary

// Start, stop, and what the host says in between.
extension Transition {
    mutating func start() {
        switch agent.phase {
        case .idle: break
        case .waiting, .dialing, .reporting, .online, .leaving, .stopped: return
        }
        let configuration = agent.configuration
        if !agent.state.hasAdopted {
            agent.state.active = agent.serverOfFile
            agent.state.configurationDigest = configuration.digest
        } else if agent.state.configurationDigest != configuration.digest {
            note(
                .warning, .configurationIgnored,
                [
                    "endpoint": agent.state.active.settings.endpoint.description,
                    "next": "Run `opamp-agent reset --yes` to begin at the configuration file again.",
                ])
        }
        holdLeafOfTheHost()
        note(
            .info, .started,
            [
                "instance_uid": agent.state.instanceUID.description,
                "endpoint": agent.state.active.settings.endpoint.description,
            ])
        // Every start writes once: it counts the attempt at a candidate, and finds a broken disk before an offer does.
        keep()
        checkStandbyLater()
        resumeProbation()
        if agent.state.candidate != nil {
            resumeMove()
        } else {
            dial(.active)
        }
        askHost()
    }

    mutating func stop() {
        keepIfUnsaved()
        switch agent.phase {
        case .idle, .waiting, .stopped:
            finish()
        case .dialing(let connection):
            order(.drop(connection.id))
            finish()
        case .reporting(let connection), .online(let connection):
            leave(connection, then: .stop)
        case .leaving(let connection, _):
            agent.phase = .leaving(connection, then: .stop)
        }
    }

    /// A candidate stays saved: the next process goes on with it.
    mutating func finish() {
        agent.phase = .stopped
        for timer in AgentTimer.allCases { order(.cancelTimer(timer)) }
        note(.info, .stopped)
        order(.finish)
    }

    /// Whatever was adopted, a leaf from a file is the leaf of every server.
    private mutating func holdLeafOfTheHost() {
        guard agent.configuration.hasLeafOfItsOwn, let leaf = agent.configuration.server.settings.leaf else { return }
        if leaf.leaf != agent.state.active.settings.leaf?.leaf { forgetStandby() }
        agent.state.active.settings.leaf = leaf
        agent.state.previous?.settings.leaf = leaf
        agent.state.candidate?.server.settings.leaf = leaf
    }

    /// The active server sees the new leaf at once. A trial goes on with the one that it began with; the next dial has the
    /// new one.
    mutating func leafReplaced(by leaf: LeafChain, over identity: HeldIdentity) {
        guard agent.configuration.hasLeafOfItsOwn, leaf != agent.configuration.server.settings.leaf else { return }
        agent.configuration.server.settings.leaf = leaf
        agent.configuration.identity = identity
        guard agent.phase != .stopped else { return }
        holdLeafOfTheHost()
        note(.info, .leafReplaced, ["fingerprint": leaf.leaf.fingerprint.description])
        guard agent.phase != .idle else { return }
        keep()
        switch agent.phase {
        case .reporting(let connection), .online(let connection):
            if connection.destination == .active { leave(connection, then: .dial(.active)) }
        case .idle, .waiting, .dialing, .leaving, .stopped: break
        }
    }

    mutating func reportChanged(_ report: OwnReport) {
        let old = agent.report
        agent.report = report
        if report.description != old.description { agent.reporting.due.insert(.description) }
        if report.health != old.health { agent.reporting.due.insert(.health) }
        if report.effectiveConfig != old.effectiveConfig {
            agent.reporting.due.insert(.effectiveConfig)
            agent.reporting.tooLarge.remove(.effectiveConfig)
        }
        if report.customCapabilities != old.customCapabilities { agent.reporting.due.insert(.customCapabilities) }
        if report.availableComponents?.hash != old.availableComponents?.hash {
            agent.reporting.due.insert(report.availableComponents == nil ? .capabilities : .components)
        }
        flush()
    }

    /// They stand in every message, so that one is sent, with what the server has missed without them.
    mutating func capabilitiesChanged(to capabilities: AgentCapabilities) {
        let old = agent.capabilities
        agent.configuration.capabilities = capabilities.union(.reportsStatus)
        guard agent.capabilities != old else { return }
        agent.reporting.due.insert(.capabilities)
        for (capability, sections) in Sections.byCapability where !old.contains(capability) {
            agent.reporting.due.formUnion(sections.intersection(.fullState))
        }
        flush()
        armHeartbeat()
    }
}

extension Agent {
    /// What the file says, and over the same file what a trust statement has made of its signers: otherwise an older
    /// statement would hold again after each restart.
    var serverOfFile: ServerSettings {
        var server = configuration.server
        if state.configurationDigest == configuration.digest, state.active.signersVersion > 0 {
            server.tokenSigners = state.active.tokenSigners
            server.signersVersion = state.active.signersVersion
        }
        return server
    }
}
