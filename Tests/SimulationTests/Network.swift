import AgentCore
import Certificates
import OpAMPProto
import ServerCore
import Vocabulary

/// Which ways are open.
struct Network {
    enum Way { case open, refusing, blackHole }

    private var toServers: [[Way]]
    private var between: [[Way]]

    init(hosts: Int, servers: Int) {
        toServers = .init(repeating: .init(repeating: .open, count: servers), count: hosts)
        between = .init(repeating: .init(repeating: .open, count: servers), count: servers)
    }

    subscript(host host: Int, server server: Int) -> Way {
        get { toServers[host][server] }
        set { toServers[host][server] = newValue }
    }

    /// From one server to another; the way back may be another.
    subscript(from from: Int, to to: Int) -> Way {
        get { between[from][to] }
        set { between[from][to] = newValue }
    }

    mutating func addHost() { toServers.append(.init(repeating: .open, count: between.count)) }

    mutating func heal() {
        self = Network(hosts: toServers.count, servers: between.count)
    }
}

/// One WebSocket between an agent's process and a server's, or a run of polls.
final class Line {
    enum End { case dialing, open, gone }

    let number: ConnectionID
    let host: Int
    let server: Int
    let dial: Dial
    var atHost = End.dialing
    /// Of a WebSocket only: polls are a session of their own.
    var session: Session?
    /// Nothing passes any more, and neither end knows yet.
    var isCut = false
    /// A poll of this run has been sent.
    var hasPolled = false
    /// A poll has not been answered yet.
    var isRequestOpen = false
    var isPolling: Bool { !dial.settings.endpoint.isWebSocket }
    /// Messages never overtake each other.
    private var clear: (toHost: Int64, toServer: Int64) = (0, 0)

    init(_ number: ConnectionID, host: Int, server: Int, dial: Dial) {
        (self.number, self.host, self.server, self.dial) = (number, host, server, dial)
    }

    func toServer(in world: World, _ action: @escaping () -> Void) {
        guard !isCut else { return }
        clear.toServer = max(clear.toServer, world.now + world.delay())
        world.agenda.add(at: clear.toServer) { if !self.isCut { action() } }
    }

    func toHost(in world: World, _ action: @escaping () -> Void) {
        guard !isCut else { return }
        clear.toHost = max(clear.toHost, world.now + world.delay())
        world.agenda.add(at: clear.toHost) { if !self.isCut { action() } }
    }
}

// How lines come up, break and end.
extension World {
    func connect(_ line: Line) {
        after(delay()) { [self] in
            guard line.atHost == .dialing else { return }
            let server = servers[line.server]
            let way = network[host: line.host, server: line.server]
            if way == .blackHole || !server.isUp && dice.chance(permille: 300) {
                return after(5000) { self.refuse(line, DialFailure(.timeout, "no answer")) }
            }
            if way == .refusing || !server.isUp { return refuse(line, DialFailure(.tcp)) }
            if strikes(permille: 20) {
                return refuse(line, DialFailure(.http(status: 503), retryAfter: .seconds(3)))
            }
            if strikes(permille: 10) {
                return refuse(line, DialFailure(.protocol, "closed", closedBeforeAnswer: true))
            }
            guard server.isTrusted(by: line.dial.settings) else { return refuse(line, DialFailure(.tlsUntrusted)) }
            switch server.admit(line) {
            case .refused(let status): refuse(line, DialFailure(.http(status: status), "refused"))
            case .admitted(let session):
                line.session = session
                server.sessions.append(session)
                line.toHost(in: self) { self.hosts[line.host].opened(line) }
            }
        }
    }

    func refuse(_ line: Line, _ failure: DialFailure) {
        hosts[line.host].ended(line, .failed(failure))
    }

    /// The way is gone under an open line; each end finds out in its own time.
    func cut(_ line: Line) {
        guard !line.isCut else { return }
        line.isCut = true
        // A poll that is not under way notices nothing.
        if !line.isPolling || line.isRequestOpen {
            after(dice.milliseconds(1...60_000)) { [self] in refuse(line, DialFailure(.tcp, "broken")) }
        }
        after(dice.milliseconds(1...90_000)) { [self] in endSession(of: line, .lost) }
    }

    /// The agent's end is gone: the server sees it soon or, when the way is cut, late.
    func hangUp(_ line: Line) {
        line.atHost = .gone
        guard !line.isPolling else { return }
        if line.isCut || strikes(permille: 100) {
            after(dice.milliseconds(100...90_000)) { self.endSession(of: line, .lost) }
        } else {
            line.toServer(in: self) { self.endSession(of: line, .lost) }
        }
    }

    func endSession(of line: Line, _ ending: SessionEnding) {
        guard let session = line.session else { return }
        servers[line.server].end(session, ending)
    }

    func sever(host: Int, server: Int, as way: Network.Way) {
        network[host: host, server: server] = way
        for line in servers[server].sessions.map(\.line) where line.host == host { cut(line) }
    }

    // MARK: Federation

    /// One call from server to server. The request may be lost, repeated or late, and so may the answer; `answered` is
    /// told `nil` when the caller's arrivalTime ends. A call of a process that has died is nobody's.
    func call<Answer>(
        from caller: Server, to index: Int, _ request: @escaping (Server) -> Answer?,
        answered: @escaping (Answer?) -> Void
    ) {
        let life = caller.life
        let isOpen = { [self] in network[from: caller.index, to: index] == .open && servers[index].isUp }
        var isAnswered = false
        func answer(_ value: Answer?) {
            guard !isAnswered, caller.isUp, caller.life == life else { return }
            isAnswered = true
            answered(value)
        }
        after(5000) { answer(nil) }
        guard isOpen() else {
            return after(network[from: caller.index, to: index] == .refusing ? 5 : 5000) { answer(nil) }
        }
        for _ in 0..<(strikes(permille: 40) ? 2 : 1) {
            if strikes(permille: 40) { continue }
            after(delay()) { [self] in
                guard isOpen(), let value = request(servers[index]) else { return }
                if strikes(permille: 40) { return }
                after(delay()) { answer(value) }
            }
        }
    }
}
