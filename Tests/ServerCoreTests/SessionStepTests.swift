import Certificates
import HandoverToken
import OpAMPProto
import TestValues
import Testing
import Vocabulary

@testable import ServerCore

@Suite struct SessionStepTests {
    let world = PeerWorld.shared
    let stages: HandoverStages
    let key: PrivateKey

    init() throws {
        stages = try HandoverStages()
        key = try .generateP256()
    }

    private func facts(
        _ row: AgentRecord, sources: [SourceHandover] = [], targets: [TargetHandover] = [],
        authority: Certificate? = nil, handover: HandoverID? = nil, leaf: Certificate? = nil,
        transport: AgentTransport = .webSocket
    ) -> SessionFacts {
        let proof = SessionProof(
            agent: row.id, certificate: leaf ?? world.leaf, handover: handover, transport: transport,
            openedAt: world.now)
        return SessionFacts(
            session: proof, memory: SessionMemory(at: world.now), row: row, rowOfLeaf: row, sources: sources,
            targets: targets, authorities: [authority ?? world.eu.authority], newerLeafIsLive: false, news: nil,
            freshInstanceUID: .init(repeating: 0x66))
    }

    private func report(at seconds: Int = 0) -> AgentReport { report(at: seconds) { _ in } }

    private func report(
        at seconds: Int = 0, _ change: (inout AgentToServer) throws -> Void
    ) rethrows -> AgentReport {
        var message = AgentToServer(
            instanceUID: world.uid.bytes, sequenceNumber: 1,
            agentDescription: AgentDescription(identifyingAttributes: []),
            capabilities: [
                .reportsStatus, .acceptsOpAMPConnectionSettings, .reportsConnectionSettingsStatus, .reportsHeartbeat,
            ])
        try change(&message)
        var conversation = AgentConversation(transport: .webSocket)
        guard let report = try? conversation.hear(message, at: world.now + .seconds(seconds)) else {
            preconditionFailure("the message is none")
        }
        return report
    }

    // MARK: What a session may do

    private func arriving(_ phase: TargetHandover.Phase) throws -> SessionFacts {
        var row = world.agent(presence: phase.hasArrived ? .live : .arriving)
        row.id = stages.redemption.row
        return facts(
            row, targets: [try stages.target(phase)], authority: world.us.authority, handover: stages.claims.id)
    }

    @Test(arguments: TargetHandover.Phase.allCases)
    func `what a session may do is decided by the tables as they are now`(phase: TargetHandover.Phase) throws {
        let step = SessionStep(after: report(), with: try arriving(phase))
        switch phase {
        case .awaiting, .connected: #expect(step.standing == .arriving(stages.claims.id))
        case .arrived, .settled: #expect(step.standing == .member)
        case .previewed, .redeeming, .lapsed, .withdrawn:
            // The certificate opened the connection; its handover has ended since.
            #expect(step.standing == .over && step.changes.isEmpty)
            #expect(step.answer.content.errorResponse?.type == .unavailable && step.answer.dismissal != nil)
        }
    }

    @Test(arguments: [true, false])
    func `an agent that stays without naming the handover has this server as its own`(namesIt: Bool) throws {
        var known = try arriving(.connected)
        if !namesIt { known.session.handover = nil }
        var conversation = AgentConversation(transport: .webSocket)
        let first = report { $0.customCapabilities = .ours }
        _ = try conversation.hear(first.message, at: world.now)
        var beat = AgentToServer(instanceUID: world.uid.bytes, sequenceNumber: 2)
        beat.capabilities = first.message.capabilities
        for (seconds, mayArrive) in [(29, false), (30, true)] {
            var later = conversation
            let report = try later.hear(beat, at: world.now + .seconds(seconds))
            let step = SessionStep(after: report, with: known)
            #expect((step.row?.presence == .live) == (mayArrive && !namesIt))
        }
    }

    @Test func `an agent that commits is live in the step of its own message`() throws {
        let hash: [UInt8] = [5]
        let applied = report {
            $0.customCapabilities = .ours
            $0.connectionSettingsStatus = ConnectionSettingsStatus(lastConnectionSettingsHash: hash, status: .applied)
        }
        let step = SessionStep(after: applied, with: try arriving(.connected))
        #expect(step.row?.presence == .live && step.row?.leaf == world.leaf && step.changes.count == 1)
    }

    @Test func `a report that ends the handover it came by is not answered as its proof`() throws {
        var ahead = report()
        ahead.epoch = HandoverEpoch(headerText: "9")
        let step = SessionStep(after: ahead, with: try arriving(.awaiting))
        #expect(step.row?.epoch == 9 && step.answer == .sessionOver)
    }

    // MARK: The end

    @Test func `a goodbye and the end of its session are one step`() throws {
        let source = try stages.source(.offered)
        let step = SessionStep(
            after: report { $0.agentDisconnect = true }, with: facts(world.agent(), sources: [source]))
        #expect(step.row?.presence == .offline && step.memory.isOver)
        guard case .source(let change)? = step.changes.last else { return #expect(Bool(false), "nothing was told") }
        #expect(change.state.phase == .leaving)
        var again = facts(world.agent())
        again.memory = step.memory
        #expect(SessionStep(ending: .lost, with: again, at: world.now).row == again.row)
    }

    @Test func `the end of a session that was replaced takes nothing back`() {
        var replaced = facts(world.agent())
        #expect(SessionStep(ending: .lost, with: replaced, at: world.now).row?.presence == .offline)
        replaced.isReplaced = true
        #expect(SessionStep(ending: .lost, with: replaced, at: world.now).row?.presence == .live)
    }

    @Test func `a restart before the offer was sent, or without taking it up, is no departure`() throws {
        let redeemed = try stages.source(.redeemed).next(after: .agentDisconnected, at: world.now).state
        #expect(redeemed.phase == .redeemed)

        let capable = world.claims(stages.claims, capabilities: 0x1 | 0x100 | 0x8000)
        var source = SourceHandover.issue(capable, tokenDigest: stages.digest, certificate: .repeat).state
        let path: [SourceHandover.Event] = [
            .redeemed(stages.claim), .offerSigned(stages.offer), .offerSent, .agentDisconnected,
        ]
        for event in path { source = try source.next(after: event, at: world.now).state }
        #expect(source.phase == .leaving)
        let late = world.now + HandoverTiming.defaultVerification
        #expect(try source.next(after: .agentConnected, at: late).directives == [.pushOffer(stages.offer)])
        let gone = try source.next(after: .agentLeaving, at: world.now).state
        #expect(try gone.next(after: .agentConnected, at: late).state.phase == .returned)
    }

    @Test func `an agent that failed to get to its server is offered the way again after a pause`() throws {
        let failed = try stages.source(.settled).next(
            after: .agentFailed(hash: stages.offer.hash, message: "http-403"), at: world.now
        ).state
        let later = world.now + HandoverTiming.defaultVerification
        #expect(try failed.next(after: .agentConnected, at: world.now).directives == [.wake(at: later)])
        guard case .signOffer? = try failed.next(after: .agentConnected, at: later).directives.first else {
            Issue.record("no other offer is made")
            return
        }
    }

    @Test func `a deadline that is shorter than a trial does not make an arrival`() throws {
        let connected = try stages.target(.connected)
            .next(after: .agentCommitted(.applied(hash: [9])), at: world.now).state
        let deadline = try #require(connected.deadline)
        let early = try connected.next(after: .wake(agentPresent: true), at: deadline).state
        #expect(early.phase == .arrived, "it has been here for the whole time")
        var short = connected
        short.connectedAt = deadline - .seconds(1)
        let step = try short.next(after: .wake(agentPresent: true), at: deadline)
        #expect(step.state.phase == .connected)
        #expect(step.directives == [.wake(at: deadline - .seconds(1) + HandoverTiming.defaultVerification)])
        // An agent that polls may be dead, and its session held.
        let held = try short.next(after: .wake(agentPresent: true), at: deadline + HandoverTiming.defaultVerification)
        let certain = deadline - .seconds(1) + HandoverTiming.lingering
        #expect(held.state.phase == .connected && held.directives == [.wake(at: certain)])
        #expect(try held.state.next(after: .wake(agentPresent: true), at: certain).state.phase == .arrived)
    }

    /// A polling agent has had the offer in an answer, and its next message says that it goes.
    @Test func `a message that says that the agent goes does not say that it is here`() throws {
        var facts = facts(world.agent(), sources: [try stages.source(.offered)])
        facts.memory.offerIsSent()
        let step = SessionStep(
            after: report {
                $0.connectionSettingsStatus = ConnectionSettingsStatus(
                    lastConnectionSettingsHash: [5], status: .applying)
            }, with: facts)
        guard case .source(let change)? = step.changes.last else {
            Issue.record("\(step.changes)")
            return
        }
        #expect(change.state.phase == .leaving && change.state.isBack == nil && step.memory.hasOffer)
        facts.sources = [change.state]
        facts.memory = step.memory
        let next = SessionStep(after: report(), with: facts)
        guard case .source(let back)? = next.changes.last else {
            Issue.record("\(next.changes)")
            return
        }
        #expect(back.state.phase == .leaving && back.state.isBack == true)
    }

    /// An arrival that ended since has given the agent away; an answer without an error would be its proof (T2).
    @Test(arguments: [true, false])
    func `T2 an agent that failed to go is answered as a member only where it is one again`(isMember: Bool) throws {
        let facts = facts(
            world.agent(), sources: [try stages.source(.moved)],
            authority: isMember ? world.eu.authority : world.us.authority)
        let step = SessionStep(
            after: report {
                $0.connectionSettingsStatus = ConnectionSettingsStatus(
                    lastConnectionSettingsHash: [5], status: .failed, errorMessage: "tcp: no")
            }, with: facts)
        guard case .source(let change)? = step.changes.last else {
            Issue.record("\(step.changes)")
            return
        }
        #expect(change.state.phase == .returned)
        #expect(step.answer == (isMember ? .comeAgain : .sessionOver))
    }

    /// It was sent before the agent left, and read after it; by then the agent may have settled at its target.
    @Test func `T10 a poll that comes late is no return, and one after the time for the move is`() throws {
        var facts = facts(world.agent(), sources: [try stages.source(.leaving)], transport: .polling)
        facts.memory.offerIsSent()
        let late = SessionStep(after: report(), with: facts)
        #expect(late.changes.isEmpty && late.memory.hasOffer)
        // It gave up without a word, and polls on.
        facts.memory = late.memory
        let next = SessionStep(after: report(at: 3600), with: facts)
        guard case .source(let back)? = next.changes.last else {
            Issue.record("\(next.changes)")
            return
        }
        #expect(back.state.phase == .returned)
    }

    @Test func `an agent that has gone back to its previous leaf is noticed by a sign of life`() throws {
        var row = world.agent()
        row.leaf = try PeerWorld.leaf(of: world.row, by: world.eu)
        (row.previousLeaf, row.previousLeafUntil) = (world.leaf.fingerprint, world.now + .seconds(3600))
        let first = SessionStep(after: report(), with: facts(row))
        var memory = first.memory
        #expect(first.row?.leaf == row.leaf && !memory.heardQuietly(at: world.now), "it has to be looked at")
    }

    @Test func `a message that was not taken in ends its session`() {
        #expect(OpAMPAnswer.unavailable(retryAfter: .seconds(1), "busy").dismissal == "busy")
        #expect(OpAMPAnswer.sessionOver.dismissal != nil && OpAMPAnswer.badRequest("bad").dismissal == nil)
    }

    // MARK: The leaf

    private func request(_ message: inout AgentToServer) throws {
        let csr = try SigningRequest(key: key, subject: "agent").pem
        message.connectionSettingsRequest = ConnectionSettingsRequest(
            opamp: OpAMPConnectionSettingsRequest(certificateRequest: CertificateRequest(csr: Array(csr.utf8))))
    }

    @Test func `an issued leaf is pending, and the same key is given it again`() throws {
        var step = SessionStep(after: try report(request), with: facts(world.agent()))
        _ = try #require(step.order)
        let issued = try PeerWorld.leaf(of: world.row, by: world.eu, key: key)
        step.issued(issued)
        let row = try #require(step.row)
        #expect(row.leaf == world.leaf && row.pendingLeaf == issued && row.previousLeafUntil == nil)
        let offer = try #require(step.answer.content.connectionSettings)

        let again = SessionStep(after: try report(request), with: facts(row))
        #expect(
            again.order == nil && again.answer.content.connectionSettings == offer && again.row?.pendingLeaf == issued)
        let failed = report {
            $0.connectionSettingsStatus = ConnectionSettingsStatus(
                lastConnectionSettingsHash: offer.hash, status: .failed)
        }
        #expect(SessionStep(after: failed, with: facts(row)).row?.pendingLeaf == nil)

        var used = row
        used.seen(with: issued, hasStayed: true, at: world.now)
        #expect(SessionStep(after: failed, with: facts(used)).row?.leaf == world.leaf, "it went back in its probation")
    }

    // MARK: Settings and uid

    private func news() throws -> TrustChange {
        TrustChange(authorities: CertificateBundle([world.eu.authority, world.us.authority]), statement: nil)
    }

    @Test(arguments: [true, false])
    func `an offer is made until its agent has said what became of it, or was sent it`(reportsStatus: Bool) throws {
        let report = report { if !reportsStatus { $0.capabilities.remove(.reportsConnectionSettingsStatus) } }
        var known = facts(world.agent())
        known.news = try news()
        let first = SessionStep(after: report, with: known)
        let offer = try #require(first.answer.content.connectionSettings)
        known.row = first.row
        known.rowOfLeaf = first.row
        let second = SessionStep(after: report, with: known)
        #expect((second.answer.content.connectionSettings != nil) == reportsStatus)
        let applied = self.report {
            $0.connectionSettingsStatus = ConnectionSettingsStatus(
                lastConnectionSettingsHash: offer.hash, status: .applied)
        }
        if reportsStatus {
            #expect(SessionStep(after: applied, with: known).answer.content.connectionSettings == nil)
        }
    }

    @Test func `nothing else is offered before the answer to a request, and it is made up for`() throws {
        var known = facts(world.agent())
        known.news = try news()
        var first = report()
        first.isFollowed = true
        let held = SessionStep(after: first, with: known)
        #expect(held.answer.content.connectionSettings == nil && !held.memory.isQuiet)
        known.memory = held.memory
        var asking = try report(request)
        asking.isFirst = false
        let asked = SessionStep(after: asking, with: known)
        #expect(asked.order != nil && asked.answer.content.connectionSettings == nil)
        known.memory = asked.memory
        var later = report()
        later.isFirst = false
        #expect(SessionStep(after: later, with: known).answer.content.connectionSettings != nil)
    }

    @Test func `an agent with another uid is told its own, and gets another only when it asks`() {
        let other = [UInt8](repeating: 0x77, count: 16)
        let told = SessionStep(after: report { $0.instanceUID = other }, with: facts(world.agent()))
        #expect(told.row?.instanceUID == world.uid)
        #expect(told.answer.content.agentIdentification?.newInstanceUID == world.uid.bytes)
        let asked = SessionStep(after: report { $0.flags = .requestInstanceUID }, with: facts(world.agent()))
        #expect(asked.row?.instanceUID == .init(repeating: 0x66))
        #expect(asked.audit.map(\.action) == [.instanceUIDChanged])
    }

    @Test func `a copy is written down at once, and again after an hour`() {
        func step(_ row: AgentRecord, at seconds: Int) -> SessionStep {
            var seen = report(at: seconds)
            seen.copy = .replacements
            return SessionStep(after: seen, with: facts(row))
        }
        let first = step(world.agent(), at: 0)
        #expect(first.audit.map(\.action) == [.copyDetected] && first.row?.copyDetectedAt == world.now)
        let second = step(first.row ?? world.agent(), at: 3599)
        #expect(second.audit.isEmpty && second.copy == .replacements)
        #expect(step(first.row ?? world.agent(), at: 3600).audit.count == 1)
    }

    // MARK: Size

    @Test func `a description that is too large is refused, and other parts are left out`() throws {
        let text = String(repeating: "x", count: ReportLimits().description)
        var conversation = AgentConversation(transport: .webSocket)
        var message = report().message
        message.agentDescription = AgentDescription(
            identifyingAttributes: [KeyValue(key: "host.name", value: .string(text))])
        #expect(throws: ConversationRefusal.self) { try conversation.hear(message, at: world.now) }
        message = report().message
        message.health = ComponentHealth(
            healthy: false, lastError: String(repeating: "x", count: ReportLimits().part))
        let report = try conversation.hear(message, at: world.now)
        #expect(report.state.health == nil && report.dropped == .health && report.state.tooLarge == .health)
        let step = SessionStep(after: report, with: facts(world.agent()))
        #expect(step.audit.map(\.action) == [.reportTooLarge] && step.answer.content.errorResponse == nil)
        message.health = ComponentHealth(healthy: true)
        #expect(try conversation.hear(message, at: world.now).state.tooLarge == [])
    }
}
