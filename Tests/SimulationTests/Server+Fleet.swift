import AgentCore
import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import Vocabulary

/// One agent's session as a server's process knows it.
final class Session {
    enum Standing: Equatable {
        case member
        case arriving(HandoverID)
        case movedOn(HandoverID)
    }

    enum Ending { case agentDisconnected, lost, replaced, dismissed }

    let line: Line
    let row: AgentID
    let leaf: Fingerprint
    let standing: Standing
    let certificate: Certificate
    var isFirst = true
    let openedAt: Timestamp
    /// The agent lists the capability of those that know handovers.
    var knowsHandovers = false
    var settingsStatus: ConnectionSettingsStatus?
    var instanceUID: [UInt8] = []

    init(_ line: Line, row: AgentID, leaf: Certificate, standing: Standing, at now: Timestamp) {
        (self.line, self.row, self.standing, certificate, openedAt) = (line, row, standing, leaf, now)
        self.leaf = leaf.fingerprint
    }
}

// Who may come in, and what agents' messages mean.
extension Server {
    enum Admission {
        case admitted(Session)
        case refused(status: Int)
    }

    func session(of row: AgentID) -> Session? { sessions.first { $0.row == row } }

    func decision(on leaf: Certificate?, for handover: HandoverID? = nil) -> LeafAcceptance.Decision {
        let known = leaf.map { tables.records(ofLeaf: $0.fingerprint) }
        return LeafAcceptance(
            presented: leaf, bearsBootstrapToken: false, row: known?.row, arrivals: known?.arrivals ?? [],
            departures: known?.departures ?? [], ownAuthorities: [place.authority], newerLeafIsLive: false,
            handover: handover
        ).decision(at: wall)
    }

    func admit(_ line: Line) -> Admission {
        guard let leaf = line.dial.settings.leaf?.leaf else { return .refused(status: 401) }
        let named = line.dial.extraHeaders.first { $0.name == MoveHeader.handoverID }
        let decision = decision(on: leaf, for: named.flatMap { HandoverID($0.value.revealText()) })
        world.checkAdmission(decision, of: leaf, at: self)
        world.note("\(place.name) meets agent \(line.host): \(decision.short)")
        switch decision {
        case .agent(let row):
            return .admitted(Session(line, row: row, leaf: leaf, standing: .member, at: wall))
        case .movedOn(let row, let id):
            return .admitted(Session(line, row: row, leaf: leaf, standing: .movedOn(id), at: wall))
        case .arriving(let row, let id):
            if world.broken == .liveAtConnect {
                tables.edit(row) { $0.presence = .live }
                world.checkRowLive(row, by: id, at: self)
            }
            return .admitted(Session(line, row: row, leaf: leaf, standing: .arriving(id), at: wall))
        case .refused(.tooEarly): return .refused(status: 503)
        case .bootstrap, .refused: return .refused(status: 403)
        }
    }

    /// The newest session of an agent stands.
    func enter(_ session: Session) {
        let old = self.session(of: session.row)
        sessions.append(session)
        if let old { end(old, .replaced) }
    }

    func end(_ session: Session, _ ending: Session.Ending) {
        guard let index = sessions.firstIndex(where: { $0 === session }) else { return }
        sessions.remove(at: index)
        session.line.session = nil
        if session.line.atHost != .gone {
            session.line.toHost(in: world) { [world] in
                world.hosts[session.line.host].ended(session.line, .closed(code: 1008, reason: "\(ending)"))
            }
        }
        if ending != .replaced {
            tables.edit(session.row) { if $0.presence == .live || $0.presence == .stale { $0.presence = .offline } }
        }
        if case .arriving(let id) = session.standing { tell(.agentDisconnected, TargetHandover.self, of: id) }
        if ending == .agentDisconnected { departures(of: session) { _ in .agentLeaving } }
    }

    func send(_ message: ServerToAgent, over session: Session) {
        var message = message
        message.instanceUID = session.instanceUID
        let line = session.line
        line.toHost(in: world) { [world] in world.hosts[line.host].received(line, message) }
    }

    // MARK: Messages

    func received(_ message: AgentToServer, from session: Session) {
        guard isUp, sessions.contains(where: { $0 === session }) else { return }
        let isFirst = session.isFirst
        session.isFirst = false
        session.instanceUID = message.instanceUID
        let news = message.connectionSettingsStatus.flatMap { $0 == session.settingsStatus ? nil : $0 }
        session.settingsStatus = news ?? session.settingsStatus
        if let names = message.customCapabilities?.capabilities {
            session.knowsHandovers = names.contains(MoveMessage.capability)
        }
        var dismissal = false
        var error: ServerErrorResponse?
        do throws(Crashed) {
            try crashPoint()
            if case .movedOn(let id) = session.standing {
                (dismissal, error) = sendToPeer(message, from: session, isFirst: isFirst, id)
            } else if record(message, session) {
                tellHandovers(message, isFirst: isFirst, news: news, session)
            } else {
                error = ServerErrorResponse(type: .unavailable, errorMessage: "not recorded")
            }
            try crashPoint()
        } catch { return }
        guard isUp, sessions.contains(where: { $0 === session }) else { return }
        var reply = ServerToAgent(errorResponse: error)
        if error == nil, isFirst {
            reply.capabilities = [.acceptsStatus, .offersConnectionSettings, .acceptsConnectionSettingsRequest]
            reply.customCapabilities = CustomCapabilities(capabilities: [MoveMessage.capability])
        }
        send(reply, over: session)
        if message.agentDisconnect {
            end(session, .agentDisconnected)
        } else if dismissal {
            end(session, .dismissed)
        }
    }

    /// - Returns: false when the row could not be saved; two rows never have one leaf.
    private func record(_ message: AgentToServer, _ session: Session) -> Bool {
        guard var row = tables.row(session.row) else { return false }
        if row.leaf == nil, tables.row(of: session.leaf) != nil {
            world.note("\(place.name) cannot record agent \(session.line.host): its leaf is another row's")
            world.tally.count("rows that could not be saved")
            return false
        }
        row.capabilities = message.capabilities
        row.leaf = row.leaf ?? session.certificate
        row.lastSeen = wall
        if session.standing == .member, row.presence.isHere { row.presence = .live }
        tables.save(row)
        return true
    }

    private func tellHandovers(
        _ message: AgentToServer, isFirst: Bool, news: ConnectionSettingsStatus?, _ session: Session
    ) {
        if isFirst, let standing = session.line.dial.standing, let row = tables.row(session.row),
            standing.epoch > row.epoch
        {
            world.tally.count("agents ahead of their server")
            seen(standing.epoch, of: session.leaf)
        }
        if case .arriving(let id) = session.standing {
            if let status = message.connectionSettingsStatus, status.status == .failed {
                let (hash, words) = (status.lastConnectionSettingsHash, status.errorMessage)
                let given = tables.sources.filter {
                    $0.agent == session.row && $0.isGivenBack(by: hash, saying: words)
                }
                if !given.isEmpty {
                    tell(.withdrawRequested(reason: "it came back otherwise"), TargetHandover.self, of: id)
                    for machine in given {
                        tell(.agentFailed(hash: hash, message: words), SourceHandover.self, of: machine.id)
                    }
                    return
                }
            }
            if isFirst { tell(.agentConnected, TargetHandover.self, of: id) }
            if let news, news.status == .applied {
                let hash = news.lastConnectionSettingsHash
                tell(
                    .agentCommitted(session.knowsHandovers ? .certain(hash: hash) : .applied(hash: hash)),
                    TargetHandover.self, of: id)
            } else if !isFirst, wall - session.openedAt >= HandoverTiming.silence {
                tell(.agentCommitted(.staying), TargetHandover.self, of: id)
            }
            return
        }
        if let status = message.connectionSettingsStatus {
            let hash = status.lastConnectionSettingsHash
            switch status.status {
            case .failed: departures(of: session) { _ in .agentFailed(hash: hash, message: status.errorMessage) }
            case .applying: departures(of: session) { $0.offerHashes.contains(hash) ? .agentLeaving : nil }
            case .unset, .applied, .unrecognized: break
            }
        }
        guard isFirst else { return }
        departures(of: session) { _ in .agentConnected }
        for machine in tables.targets where machine.agentRow == session.row && machine.isOpen {
            tell(.agentConnected, TargetHandover.self, of: machine.id)
        }
    }

    /// - Returns: whether the agent is this server's again and shall connect anew, or cannot be led on from here.
    private func sendToPeer(
        _ message: AgentToServer, from session: Session, isFirst: Bool, _ id: HandoverID
    ) -> (isOurs: Bool, error: ServerErrorResponse?) {
        if let status = message.connectionSettingsStatus, status.status == .failed {
            tell(
                .agentFailed(hash: status.lastConnectionSettingsHash, message: status.errorMessage),
                SourceHandover.self, of: id)
            if tables.find(id, SourceHandover.self)?.phase == .returned { return (true, nil) }
        }
        guard isFirst, let machine = tables.find(id, SourceHandover.self) else { return (false, nil) }
        guard machine.leadsOn(session.line.dial.standing) else {
            return (false, ServerErrorResponse(type: .unavailable, errorMessage: "the agent belongs to a peer"))
        }
        tell(.agentConnected, SourceHandover.self, of: id)
        return (false, nil)
    }

    private func departures(of session: Session, _ event: (SourceHandover) -> SourceHandover.Event?) {
        for machine in tables.sources where machine.agent == session.row && machine.concernsAgent {
            if let event = event(machine) { tell(event, SourceHandover.self, of: machine.id) }
        }
    }
}

extension LeafAcceptance.Decision {
    fileprivate var short: String {
        switch self {
        case .agent: "its own"
        case .arriving(_, let id): "arriving by \(id.short)"
        case .movedOn(_, let id): "belongs elsewhere by \(id.short)"
        case .bootstrap: "bootstrap"
        case .refused(let refusal): "refused \(refusal.operatorMessage.code)"
        }
    }
}

extension Dial {
    /// What the header `Handover-Epoch` says, as the server's core takes it.
    fileprivate var standing: AgentEpoch? {
        let text = openingHeaders.first { $0.name == MoveHeader.handoverEpoch }?.value.revealText()
        guard let said = text.flatMap({ HandoverEpoch(headerText: $0) }) else { return nil }
        var message = AgentToServer(instanceUID: [])
        message.customMessage = CustomMessage(
            capability: MoveMessage.capability, type: MoveMessage.standingType, data: said.json)
        return AgentEpoch(of: message)
    }
}
