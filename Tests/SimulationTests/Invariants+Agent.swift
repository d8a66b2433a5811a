import AgentCore
import Certificates
import OpAMPProto
import Vocabulary

// A1 to A8, each by its name.
extension World {
    func check(_ invariant: Invariant, _ holds: Bool, _ story: @autoclosure () -> String) {
        if !holds { fail(invariant, story()) }
    }

    /// What is about to become durable.
    func checkSave(_ state: AgentState, after event: AgentEvent, on host: Host) {
        checkA1(state, on: host)
        checkA2(state, after: event, on: host)
        checkA3(state, on: host)
        checkA6(state, on: host)
        checkA7(state, on: host)
    }

    /// After every event of an agent.
    func checkAgent(_ host: Host, after event: AgentEvent) {
        guard let agent = host.agent else { return }
        check(
            .A2, agent.state.active == host.disk.active || host.disk.candidate?.origin == nil && isFirstStart(event),
            "host \(host.index) acts on settings that are not durable")
        checkA4(agent, on: host)
        checkA5(host)
        checkA8(agent, on: host)
    }

    private func isFirstStart(_ event: AgentEvent) -> Bool {
        switch event {
        case .started, .saveFailed(during: .started): true
        default: false
        }
    }

    /// A1: durable state names an endpoint that this agent itself has verified, once it ever had one.
    private func checkA1(_ state: AgentState, on host: Host) {
        let place = state.active.settings.endpoint
        let isStart = place == host.file.server.settings.endpoint
        check(
            .A1, isStart || truth.verified.contains(.init(host: host.index, endpoint: place)),
            "host \(host.index) would live at \(place), which has never answered it")
    }

    /// A2: the active endpoint changes only by one write, made after the verification of that very candidate.
    private func checkA2(_ state: AgentState, after event: AgentEvent, on host: Host) {
        guard state.active.settings.endpoint != host.disk.active.settings.endpoint else { return }
        guard case .received(let number, let message) = event, let line = host.line, line.number == number,
            message.errorResponse == nil
        else { return fail(.A2, "host \(host.index) changed its server without an answer from the new one") }
        check(.A2, line.dial.settings == state.active.settings, "what became active is not what was verified")
        // The same message may bring other token signers.
        let candidate = host.disk.candidate?.server.settings
        check(.A2, candidate == state.active.settings, "what became active was not the saved candidate")
    }

    /// A3: key, leaf and uid are the same before and after a handover, until it has settled.
    private func checkA3(_ state: AgentState, on host: Host) {
        let birth = Places.shared.births[host.agentNumber]
        check(.A3, state.instanceUID == birth.uid, "host \(host.index) has another uid")
        for settings in [state.active, state.previous, state.candidate?.server].compactMap(\.?.settings) {
            let owner = settings.leaf.flatMap { truth.leaves[$0.leaf.fingerprint] }
            check(.A3, owner == host.agentNumber, "host \(host.index) has another agent's leaf")
        }
        let leaf = host.disk.active.settings.leaf?.leaf
        if state.candidate?.handover != nil {
            check(
                .A3, state.candidate?.server.settings.leaf?.leaf == state.active.settings.leaf?.leaf,
                "host \(host.index) would change its leaf in a handover")
        }
        if host.disk.probation?.isHandover == true {
            check(
                .A3, state.active.settings.leaf?.leaf == leaf,
                "host \(host.index) changed its leaf before its handover had settled")
        }
    }

    /// A4: at most one session at any time.
    private func checkA4(_ agent: Agent, on host: Host) {
        guard let line = host.line, let own = agent.phase.connection else { return }
        check(.A4, line.number == own.id, "host \(host.index) has line \(line.number) beside line \(own.id)")
    }

    /// A5: a verdict within a deadline that nobody can extend.
    private func checkA5(_ host: Host) {
        guard let trial = host.trial else { return }
        check(.A5, now - trial.since <= 30_000, "host \(host.index) has been trying an offer for more than 30 s")
    }

    /// A6: nothing received lowers verification, and no trust set is mixed from two servers.
    private func checkA6(_ state: AgentState, on host: Host) {
        for home in [state.active, state.previous, state.candidate?.server].compactMap(\.self) {
            let settings = home.settings
            check(
                .A6,
                !settings.skipsVerification && settings.endpoint.isTLS && settings.tls.minimum >= .tls12
                    && !settings.trust.includesSystemRoots, "host \(host.index) would verify less")
            let server = server(at: settings.endpoint)
            let anchors = settings.trust.anchors.certificates
            check(
                .A6, !anchors.isEmpty && anchors.allSatisfy { server?.hasMade($0) ?? false },
                "host \(host.index) would trust a foreign CA at \(settings.endpoint)")
        }
    }

    /// A7: a failed offer is tried again only where what made it fail may have passed, and not at once.
    private func checkA7(_ state: AgentState, on host: Host) {
        guard let candidate = state.candidate, candidate != host.disk.candidate, candidate.origin != .probation,
            host.disk.candidate?.hash != candidate.hash
        else { return }
        guard let failed = truth.failedOffers[.init(host: host.index, hash: candidate.hash)] else { return }
        check(
            .A7, failed.cause?.mayPass == true && abs((host.wall - failed.at).wholeMilliseconds) >= 300_000,
            "host \(host.index) tries an offer again that has failed")
    }

    /// A5, A7: what an agent has told a server is what its next process will say, once a save has gone through.
    func checkMemory(of host: Host, since before: Agent) {
        if case .online = before.phase { return }
        guard let agent = host.agent, case .online = agent.phase else { return }
        check(.A7, agent.state == host.disk, "host \(host.index) remembers what its disk does not")
    }

    /// A4, A8: a line is ordered when there is none, and not in a hot loop.
    func checkDial(_ dial: Dial, on host: Host) {
        check(.A4, host.line == nil, "host \(host.index) dials while it has a line")
        check(.A8, host.recentDials.filter { $0 > now - 10_000 }.count < 40, "host \(host.index) dials in a hot loop")
        check(
            .T9,
            !dial.extraHeaders.contains { $0.value.revealText().hasPrefix("opamp-ho.") }
                && !dial.settings.headers.contains { $0.value.revealText().hasPrefix("opamp-ho.") },
            "host \(host.index) would send the token on")
    }

    /// A8: whatever happens, the agent has a line, or an timer that will bring one.
    private func checkA8(_ agent: Agent, on host: Host) {
        switch agent.phase {
        case .waiting(.active): check(.A8, host.isSet(.retry), "host \(host.index) waits for nothing")
        case .waiting(.candidate):
            check(.A8, host.isSet(.nextTry), "host \(host.index) waits for no candidate")
        case .dialing, .reporting, .online:
            check(.A8, host.line != nil, "host \(host.index) is \(agent.phase) without a line")
        case .leaving: check(.A8, host.isSet(.leaving), "host \(host.index) leaves for ever")
        case .idle, .stopped: fail(.A8, "host \(host.index) has stopped")
        }
    }
}
