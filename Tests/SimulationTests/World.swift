import Certificates
import HandoverToken
import OpAMPProto
import Vocabulary

/// Servers, agents and what lies between them, under one clock and one pair of dice.
///
/// Everything happens in `run`, one thing after the other; a seed and a number of events name one world for ever.
final class World {
    let seed: UInt64
    let broken: BrokenRule?
    let isTracing: Bool
    var dice: Dice
    var agenda = Agenda()
    /// Milliseconds since the beginning.
    var now: Int64 = 0
    var servers: [Server] = []
    var hosts: [Host] = []
    var network: Network
    var truth = Truth()
    /// No more faults, no more whims.
    var isCalm = false
    var violation: Violation?
    var tally = Tally()
    var tokens: [PastedToken] = []
    /// Which epoch a target has named when it refused a token; the next one is issued with a higher one.
    var staleEpochs: [InstanceUID: Epoch] = [:]
    /// The last offer each server sent, for servers that repeat themselves.
    var lastOffers: [Int: (row: AgentID, message: ServerToAgent)] = [:]
    /// A server was set back to an older backup: what it has forgotten nobody can know, and only the agents' own
    /// invariants still bind.
    var hasLostData = false
    /// The leaf with which each agent was enrolled.
    let firstLeaves: [Certificate]
    /// Nobody says more than he must, for a long time.
    var isQuiet = false
    /// A server's tables have changed since the fleet was looked at.
    var isFleetChanged = false
    private(set) var trace: [String] = []

    init(seed: UInt64, broken: BrokenRule? = nil, isTracing: Bool = false) {
        self.seed = seed
        self.broken = broken
        self.isTracing = isTracing
        var draws = Dice(seed)
        let serverCount = draws.chance(permille: 500) ? 2 : 3
        let hostCount = draws.chance(permille: 600) ? 1 : 2 + draws.below(2)
        network = Network(hosts: hostCount, servers: serverCount)
        firstLeaves = Places.shared.births.prefix(hostCount).map {
            draws.chance(permille: 250) ? $0.endingLeaf : $0.leaf
        }
        let isPolling = (0..<serverCount + hostCount).map { _ in draws.chance(permille: 300) }
        dice = draws
        for (agent, leaf) in firstLeaves.enumerated() { truth.leaves[leaf.fingerprint] = agent }
        servers = (0..<serverCount).map { Server($0, of: serverCount, isPolling: isPolling[$0], in: self) }
        for (agent, leaf) in firstLeaves.enumerated() {
            servers[0].tables.save(Places.shared.enrolledRow(of: agent, leaf: leaf))
        }
        hosts = (0..<hostCount).map { Host($0, in: self, isPolling: isPolling[serverCount + $0]) }
        for host in hosts { host.isTerse = dice.chance(permille: 250) }
    }

    /// The agents' identities; one of them may have several hosts.
    var agents: Range<Int> { firstLeaves.indices }

    /// The hosts that hold this identity and have not gone away.
    func hosts(of agent: Int) -> [Host] { hosts.filter { $0.agentNumber == agent && !$0.isGone } }

    func server(at endpoint: Endpoint) -> Server? { servers.first { $0.place.host == endpoint.host } }

    // MARK: Time

    func after(_ milliseconds: Int64, _ action: @escaping () -> Void) {
        agenda.add(at: now + max(0, milliseconds), action)
    }

    /// Lets everything happen that is due within this time; stops at the first broken invariant.
    func run(for milliseconds: Int64, until isDone: () -> Bool = { false }) {
        let end = now + milliseconds
        while violation == nil, let next = agenda.next, next <= end {
            now = max(now, next)
            agenda.pop()?()
            tally.events += 1
            checkFleet()
            if isDone() { return }
        }
        now = max(now, end)
    }

    // MARK: Faults

    /// Whether the world strikes here; never in calm.
    func strikes(permille: Int) -> Bool { !isCalm && dice.chance(permille: permille) }

    /// A way through the network: mostly short.
    func delay() -> Int64 {
        if isCalm { return dice.milliseconds(1...40) }
        return dice.chance(permille: 50) ? dice.milliseconds(200...6000) : dice.milliseconds(1...80)
    }

    // MARK: Story

    func note(_ text: @autoclosure () -> String) {
        guard isTracing else { return }
        trace.append("\(now / 1000).\(String(now % 1000 + 1000).dropFirst()) \(text().withoutDigests)")
    }

    func fail(_ invariant: Invariant, _ story: @autoclosure () -> String) {
        guard violation == nil else { return }
        let violation = Violation(invariant: invariant, story: story())
        self.violation = violation
        note("BROKEN \(violation)")
    }
}

extension String {
    /// Digests depend on the nonces of signatures, which no seed decides.
    var withoutDigests: String {
        split(separator: " ", omittingEmptySubsequences: false).map { word in
            word.count(where: \.isHexDigit) > 15 && word.allSatisfy { $0.isHexDigit || ";.,:".contains($0) }
                ? "#" : word
        }.joined(separator: " ")
    }
}

struct Violation: CustomStringConvertible {
    var invariant: Invariant
    var story: String

    var description: String { "\(invariant.rawValue): \(story)" }
}

/// A token's text on its way through operators' hands.
struct PastedToken {
    var text: String
    var handover: HandoverID
    var uid: InstanceUID
    var target: Int
    /// Once it has been verified, only the clock can say otherwise, and cryptography is what takes the time here.
    var verified: VerifiedToken?
}

/// What happened in a world, for the report on coverage.
struct Tally {
    var events = 0
    var counts: [String: Int] = [:]
    /// How often each event came in each phase.
    var pairs: [Pair: Int] = [:]

    mutating func reach(_ machine: Pair.Machine, _ phase: String, _ event: String) {
        pairs[Pair(machine: machine, phase: phase, event: event), default: 0] += 1
    }

    mutating func count(_ what: String, _ number: Int = 1) { counts[what, default: 0] += number }

    mutating func add(_ other: Tally) {
        events += other.events
        counts.merge(other.counts, uniquingKeysWith: +)
        pairs.merge(other.pairs, uniquingKeysWith: +)
    }
}
