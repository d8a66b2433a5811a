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
    }

    private let world: DrillWorld
    private var findings = Findings()
    private var task: Task<Void, Never>?

    init(_ world: DrillWorld) {
        self.world = world
        task = Task { [weak self] in
            while !Task.isCancelled {
                await self?.look()
                try? await Task.sleep(for: .milliseconds(60))
            }
        }
    }

    func end() async -> Findings {
        task?.cancel()
        await task?.value
        return findings
    }

    private func look() async {
        lookAtSockets()
        await lookAtFleets()
    }

    /// Every server is asked twice in the same order. One that says "live" both times was so all the while in between, so
    /// that another "live" seen in between is a real overlap and not the order of the questions.
    private func lookAtFleets() async {
        let servers = world.servers.filter(\.isRunning)
        guard servers.count > 1 else { return }
        var looks: [(label: String, live: Set<InstanceUID>)] = []
        for server in servers + servers {
            guard let agents = try? await server.agents() else { return }
            looks.append((server.label, Set(agents.filter { $0.presence == "live" }.map(\.instanceUID))))
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
        let ports = Set(world.servers.compactMap(\.port))
        for agent in world.agents where agent.isRunning {
            guard let process = agent.processID, let count = OpenConnections.count(of: process, to: ports) else {
                continue
            }
            findings.socketLooks += 1
            if count > 0 { findings.connectedLooks += 1 }
            if count > 1 { findings.tooMany.append("\(agent.name) had \(count)") }
        }
    }
}

/// The kernel's own view of a process's connections.
enum OpenConnections {
    /// - Returns: nil when the process cannot be looked at (it has just ended, or this is not Linux).
    static func count(of process: Int32, to ports: Set<Int>) -> Int? {
        let folder = "/proc/\(process)/fd"
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: folder),
            let table = wholeText(of: "/proc/\(process)/net/tcp")
        else { return nil }
        let own = Set(
            entries.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") }
                .filter { $0.hasPrefix("socket:[") }
                .map { String($0.dropFirst("socket:[".count).dropLast()) })
        return rows(of: table).filter { $0.isEstablished && ports.contains($0.remotePort) && own.contains($0.inode) }
            .count
    }

    /// Files below /proc have no size, and a single read of one gives its first page only.
    private static func wholeText(of path: String) -> String? {
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        var bytes = Data()
        while let more = try? handle.read(upToCount: 1 << 16), !more.isEmpty { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    struct Row: Hashable {
        var remotePort: Int
        var isEstablished: Bool
        var inode: String
    }

    /// Reads the columns of proc(5) `/proc/net/tcp`: 2 is the remote address, 3 the state (01 is ESTABLISHED), 9 the inode.
    static func rows(of table: String) -> [Row] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(separator: " ")
            guard columns.count > 9, let port = columns[2].split(separator: ":").last.flatMap({ Int($0, radix: 16) })
            else { return nil }
            return Row(remotePort: port, isEstablished: columns[3] == "01", inode: String(columns[9]))
        }
    }
}
