import Foundation
import ServerAPI
import Vocabulary

/// Looks at the whole world many times a second, from outside, for what must never be the case even for a moment.
@MainActor final class Watch {
    struct Findings: Hashable, Sendable {
        /// Rounds in which at least two servers could be asked, and one of them showed an agent live.
        var fleetLooks = 0
        /// Two servers showed one agent live at one and the same moment.
        var doubles: [String] = []
        var socketLooks = 0
        /// Those that found an agent process with a connection to a server.
        var connectedLooks = 0
        var tooMany: [String] = []
        /// What the servers held, by label; looks that show nothing new are left out.
        var estates: [String: [EstateLook]] = [:]
    }

    private let world: DrillWorld
    private var findings = Findings()
    private var tasks: [Task<Void, Never>] = []
    private var connections: [Int32: Set<String>] = [:]
    private var lastEstates = ContinuousClock.now
    private static let betweenEstates = Duration.milliseconds(500)

    init(_ world: DrillWorld) {
        self.world = world
        // A server that stops may leave a question unanswered until its time is over; the sockets wait for no server.
        tasks = [
            Self.repeatedly { [weak self] in self?.lookAtSockets() },
            Self.repeatedly { [weak self] in await self?.lookAtServers() },
        ]
    }

    private static func repeatedly(_ look: @escaping @MainActor () async -> Void) -> Task<Void, Never> {
        Task {
            while !Task.isCancelled {
                await look()
                try? await Task.sleep(for: .milliseconds(60))
            }
        }
    }

    func end() async -> Findings {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        return findings
    }

    private func lookAtServers() async {
        await lookAtFleets()
        if lastEstates + Self.betweenEstates < .now { await lookAtEstates() }
    }

    private func lookAtEstates() async {
        for server in world.servers where server.isRunning {
            guard let look = try? await server.estate() else { continue }
            if look.isNews(after: findings.estates[server.label]?.last) {
                findings.estates[server.label, default: []].append(look)
            }
        }
        lastEstates = .now
    }

    /// Every server is asked twice in the same order. One that says "live" both times was so all the while in between, so
    /// that another "live" seen in between is a real overlap and not the order of the questions.
    private func lookAtFleets() async {
        let servers = world.servers.filter(\.isRunning)
        guard servers.count > 1 else { return }
        var looks: [(label: String, live: Set<InstanceUID>)] = []
        for server in servers + servers {
            guard let agents = try? await server.agents() else { return }
            looks.append((server.label, Set(agents.filter { $0.presence == .live }.map(\.instanceUID))))
        }
        if looks.contains(where: { !$0.live.isEmpty }) { findings.fleetLooks += 1 }
        for first in looks.indices {
            guard let last = looks.lastIndex(where: { $0.label == looks[first].label }), last > first else { continue }
            for between in looks[(first + 1)..<last] {
                for uid in looks[first].live.intersection(looks[last].live).intersection(between.live) {
                    findings.doubles.append("\(uid) on \(looks[first].label) and \(between.label)")
                }
            }
        }
    }

    private func lookAtSockets() {
        let ports = Set(world.servers.map(\.entrancePort))
        for agent in world.agents where agent.isRunning {
            guard let process = agent.processID,
                let count = OpenConnections.count(of: process, to: ports, known: &connections[process, default: []])
            else { continue }
            findings.socketLooks += 1
            if count > 0 { findings.connectedLooks += 1 }
            if count > 1 { findings.tooMany.append("\(agent.name) had \(count)") }
        }
    }
}
