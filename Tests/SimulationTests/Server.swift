import AgentCore
import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import Vocabulary

/// One server: the product's machines, and around them what its shell does - load, step, save in one transaction,
/// then carry out - over tables in memory. What `tables` holds survives a crash, everything else does not.
final class Server {
    unowned let world: World
    let index: Int
    let isPolling: Bool
    var tables: Tables { didSet { world.isFleetChanged = true } }
    /// Its CA keys with all that they signed for itself. They are in the database, and no backup forgets one.
    var issuers: [Fingerprint: Places.Authority] = [:]
    /// A backup, made some time ago.
    var backup: Tables?
    var skew: Int64 = 0

    // Volatile
    var isUp = true
    private(set) var life = 0
    var sessions: [Session] = []
    var sessionCount: UInt64 = 0
    var copies = CopyWatch()
    private var timers: [String: Int64] = [:]
    var schedule = OutboxSchedule()
    /// Notices that the answer to a redemption has told; they are sent only to a peer that lacks them.
    var toldByAnswer: Set<Int> = []
    /// When the outbox is looked at next, whatever happens.
    var outboxLook: Int64?
    /// Which version of its trust each peer has been told by this process.
    var told: [Int: Int64] = [:]
    var isAnnouncing = false

    init(_ index: Int, of servers: Int, isPolling: Bool, in world: World) {
        (self.index, self.world, self.isPolling) = (index, world, isPolling)
        tables = Tables(of: Places.shared.places[index], peers: (0..<servers).map(Places.shared.pasted))
    }

    var place: Places.Place { Places.shared.places[index] }
    /// Where its agents connect, as it tells its peers; it answers at both of its endpoints.
    var endpoint: Endpoint { place.endpoint(isPolling: isPolling) }
    var wall: Timestamp { Places.shared.start + .milliseconds(world.now + skew) }

    struct Crashed: Error {}

    // MARK: Life

    /// The process dies; it comes back by itself after this time.
    func crash(for milliseconds: Int64) {
        guard isUp else { return }
        world.note("\(place.name) crashes for \(milliseconds / 1000) s")
        world.tally.count("server crashes")
        isUp = false
        life += 1
        let lines = sessions.map(\.line)
        sessions = []
        timers = [:]
        copies = CopyWatch()
        schedule = OutboxSchedule()
        outboxLook = nil
        toldByAnswer = []
        (told, isAnnouncing) = ([:], false)
        for line in lines where !line.isPolling {
            line.session = nil
            line.toHost(in: world) { [world] in
                line.isCut = true
                world.hosts[line.host].ended(line, .failed(DialFailure(.tcp, "reset")))
            }
        }
        let life = life
        world.after(milliseconds) { if self.life == life, !self.isUp { self.start() } }
    }

    func start() {
        world.note("\(place.name) starts")
        isUp = true
        for machine in tables.sources where machine.isOpen { carryOut(machine.resume(at: wall), of: machine) }
        for machine in tables.targets where machine.isOpen { carryOut(machine.resume(at: wall), of: machine) }
        deliverNotices()
        announceLater()
    }

    /// Something this process will do, if it lives that long.
    func later(_ milliseconds: Int64, _ action: @escaping () -> Void) {
        let life = life
        world.after(milliseconds) { if self.isUp, self.life == life { action() } }
    }

    /// A place where the process may die.
    func crashPoint() throws(Crashed) {
        guard isUp else { throw Crashed() }
        guard world.strikes(permille: 3) else { return }
        crash(for: world.dice.milliseconds(50...60_000))
        throw Crashed()
    }

    // MARK: Handovers

    /// One event, saved as a whole before anything of it is done.
    @discardableResult
    func take<Kind: Machine>(_ event: Kind.Event, _ kind: Kind.Type, of id: HandoverID) throws -> HandoverStep<Kind> {
        try take([event], kind, of: id)
    }

    @discardableResult
    func take<Kind: Machine>(_ events: [Kind.Event], _: Kind.Type, of id: HandoverID) throws -> HandoverStep<Kind> {
        guard let machine = self.machine(id, Kind.self) else { throw HandoverRefusal.unknownHandover(id) }
        reach(machine, events)
        let step = try machine.next(after: events, at: wall)
        if step.state != machine || !step.isEmpty { try save(step, before: machine) }
        carryOut(step.directives, of: step.state)
        return step
    }

    /// What an event, a request or notices of the other server, is decided from.
    func machine<Kind: Machine>(_ id: HandoverID, _ kind: Kind.Type) -> Kind? {
        var machine = tables.find(id, kind)
        machine?.spoil(by: world.broken)
        return machine
    }

    /// Counts what each event meets.
    func reach<Kind: Machine>(_ machine: Kind, _ events: [Kind.Event]) {
        var machine = machine
        for event in events {
            world.tally.reach(Kind.coverage, machine.phaseName, event.kind)
            machine = (try? machine.next(after: event, at: wall))?.state ?? machine
        }
    }

    /// A fact that nobody waits to hear about.
    func tell<Kind: Machine>(_ event: Kind.Event, _ kind: Kind.Type, of id: HandoverID) {
        tell([event], kind, of: id)
    }

    func tell<Kind: Machine>(_ events: [Kind.Event], _ kind: Kind.Type, of id: HandoverID) {
        guard isUp else { return }
        _ = try? take(events, kind, of: id)
    }

    func save<Kind: Machine>(_ step: HandoverStep<Kind>, before: Kind?) throws(Crashed) {
        try crashPoint()
        var next = tables
        let keepsRows = world.broken != .rowsOutsideTransaction || !world.strikes(permille: 300)
        write(step, before: before, keepsRow: keepsRows, into: &next)
        tables = next
        saved(step)
        try crashPoint()
    }

    /// One step within a transaction.
    func write<Kind: Machine>(_ step: HandoverStep<Kind>, before: Kind?, keepsRow: Bool, into next: inout Tables) {
        let from = next
        next.save(step.state)
        if keepsRow { for change in step.rows { next.apply(change) } }
        if world.broken != .forgottenAudit || !world.strikes(permille: 300) {
            for var fact in step.audit {
                if world.breaks(.auditedToken) { fact.additional = .string(world.tokens.last?.text ?? "") }
                next.audit.append(.init(fact: fact, handover: step.state.id, at: wall))
            }
        }
        if world.broken != .forgottenNotices || !world.strikes(permille: 300) {
            for notice in step.notices {
                next.post(notice, handover: step.state.id, role: Kind.role, to: step.state.otherParty)
            }
        }
        world.checkCommit(of: step, before: before, from: from, to: next, at: self)
        // Honoured is what is saved, even if the server dies before it can say so.
        if let source = step.state as? SourceHandover, before?.phaseName == SourceHandover.Phase.issued.rawValue,
            let redemption = source.redemption
        {
            world.checkClaimHonoured(source.id, redemption)
        }
        if world.breaks(.leftSessionIsReturn), let source = step.state as? SourceHandover, source.phase == .leaving,
            before?.phaseName != source.phaseName, let returns = source.returnsFrom
        {
            setAlarm(SourceHandover.self, source.id, at: returns)
        }
        if before?.phaseName != step.state.phaseName {
            world.note(
                "\(place.name) \(Kind.role) \(step.state.id.short): \(before?.phaseName ?? "-") -> "
                    + "\(step.state.phaseName) \(step.state.ending ?? "")")
        }
    }

    func saved<Kind: Machine>(_ step: HandoverStep<Kind>) {
        if !step.notices.isEmpty { later(world.dice.milliseconds(1...20)) { self.deliverNotices() } }
    }

    // MARK: HandoverTimers

    private func setAlarm<Kind: Machine>(_: Kind.Type, _ id: HandoverID, at time: Timestamp) {
        let key = "\(Kind.role.rawValue) \(id)"
        let due = max(world.now, (time - wall).wholeMilliseconds + world.now)
        timers[key] = due
        later(due - world.now) {
            // The clock may have been set since.
            guard self.timers[key] == due else { return }
            guard self.wall >= time else { return self.setAlarm(Kind.self, id, at: time) }
            self.timers[key] = nil
            let row = self.tables.find(id, Kind.self)?.agentRow
            let isHeld = row.map { self.session(of: $0) != nil } ?? false
            // A session that the agent has left is held for minutes, and here for ever.
            let isPresent = isHeld || self.world.breaks(.leftSessionIsReturn)
            let before = self.tables.find(id, Kind.self)
            self.tell(Kind.wake(agentPresent: isPresent), Kind.self, of: id)
            if before?.phaseName != SourceHandover.Phase.returned.rawValue,
                let source = self.tables.find(id, SourceHandover.self), source.phase == .returned
            {
                self.world.checkStays(source, at: self)
            }
        }
    }

    // MARK: Directives

    /// At once or a little later, but in order; other events may come in between.
    func carryOut<Kind: Machine>(_ directives: [HandoverDirective], of machine: Kind) {
        var wait: Int64 = world.strikes(permille: 200) ? world.dice.milliseconds(1...40) : 0
        for directive in directives {
            if wait == 0 {
                carryOut(directive, of: machine)
            } else {
                later(wait) { self.carryOut(directive, of: machine) }
                wait += 1
            }
        }
    }

    private func carryOut<Kind: Machine>(_ directive: HandoverDirective, of machine: Kind) {
        guard isUp, (try? crashPoint()) != nil else { return }
        switch directive {
        case .signOffer(let claims): sign(claims)
        case .pushOffer(let offer): push(offer, of: machine.id)
        case .sendRedemption(let redemption, let digest): redeem(machine, redemption, digest)
        case .askSource: askSource(machine)
        case .askPeers(let leaf): askPeers(leaf)
        case .closeSessions(let leaf):
            for session in sessions where session.leaf == leaf { end(session, .dismissed("elsewhere")) }
        case .wake(let time): setAlarm(Kind.self, machine.id, at: time)
        }
    }

    private func sign(_ claims: HandoverClaims) {
        do {
            guard let machine = tables.find(claims.id, SourceHandover.self), let leaf = tables.row(machine.agent)?.leaf
            else { return }
            try take(.offerSigned(try offer(claims, machine, leaf)), SourceHandover.self, of: claims.id)
        } catch { world.note("\(place.name) \(claims.id.short): offer not signed, \(error)") }
    }

    func offer(_ claims: HandoverClaims, _ machine: SourceHandover, _ leaf: Certificate) throws -> SignedOffer {
        let offers = try ConnectionSettingsOffers.handover(
            machine.claims, token: try active.issuer.sign(claims), leaf: leaf, certificate: machine.certificate)
        return try SignedOffer(offers, expiresAt: claims.expiresAt)
    }

    private func push(_ offer: SignedOffer, of id: HandoverID) {
        do {
            guard let machine = tables.find(id, SourceHandover.self), !machine.hasRecalled(offer.hash),
                let session = session(of: machine.agent)
            else { return }
            world.note("\(place.name) \(id.short): offer for host \(session.line.host)")
            if world.broken == .movedAtOffer {
                tables.edit(machine.agent) { $0.presence = .movedToPeer(machine.otherParty, name: "early") }
                world.checkRowMoved(machine.agent, by: id, at: self)
            }
            let message = ServerToAgent(connectionSettings: try offer.offers, customMessage: news?.statement)
            world.lastOffers[index] = (machine.agent, message)
            // A poll takes it along later, and says so then.
            if push(message, to: session) { try take(.offerSent, SourceHandover.self, of: id) }
        } catch { world.note("\(place.name) \(id.short): offer not pushed, \(error)") }
    }
}
