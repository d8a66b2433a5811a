import BareClient
import Drill
import DurableFiles
import Foundation
import Vocabulary

/// One run: its folder, the servers that measurements share, and what was measured so far.
@MainActor final class Bench {
    /// A tenth of everything, to see that it works.
    let isQuick: Bool
    let folder: URL
    let tell: (String) -> Void
    let bare: BareServerProcess
    var report: Report
    let programs: Programs
    /// Where the programs are that measure the agent alone.
    let agentPrograms: URL
    private let narrator: Narrator
    private var shared: (pair: FederatedPair, agents: [BenchAgent])?

    init(
        isQuick: Bool, folder: URL, programs: Programs, agentPrograms: URL?, tell: @escaping (String) -> Void
    ) async throws {
        (self.isQuick, self.folder, self.programs, self.tell) = (isQuick, folder, programs, tell)
        self.agentPrograms = agentPrograms ?? programs.agent.deletingLastPathComponent()
        report = Report(isQuick: isQuick)
        narrator = Narrator(style: .init(isTerminal: false)) { tell($0.trimmingCharacters(in: .newlines)) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        bare = try await BareServerProcess(in: folder.appending(path: "bare"), agents: 200)
    }

    /// So many, or a tenth of it.
    func some(_ count: Int) -> Int { isQuick ? max(1, count / 10) : count }

    /// Two servers for this measurement alone.
    func withPair<Result>(
        _ name: String, _ body: (FederatedPair, _ world: URL) async throws -> Result
    ) async throws -> Result {
        let world = folder.appending(path: name)
        let pair = try await startPair(in: world)
        do {
            let result = try await body(pair, world)
            await pair.end(removing: true)
            return result
        } catch {
            await pair.end(removing: false)
            throw error
        }
    }

    /// A server with agents who connect as load, for everything that is no handover.
    func fleet(_ count: Int) async throws -> (loadTarget: LoadTarget, agents: [BenchAgent]) {
        if shared == nil { shared = (try await startPair(in: folder.appending(path: "load")), []) }
        guard case (let pair, var agents)? = shared else { throw BenchFailure.notRunning("the server under load") }
        if agents.count < count {
            tell("\(count - agents.count) agents enrol")
            agents += try await BulkEnrolment.enrol(
                count - agents.count, named: "load-\(agents.count)", at: pair.eu)
            shared = (pair, agents)
        }
        return (try pair.eu.loadTarget, Array(agents.prefix(count)))
    }

    private func startPair(in world: URL) async throws -> FederatedPair {
        try await FederatedPair.start(in: world, programs: programs, narrator: narrator)
    }

    func end() async {
        await bare.end()
        if let shared { await shared.pair.end(removing: true) }
    }
}

/// Yardsticks that several measurements take again beside their own figures.
extension Bench {
    /// One agent save.
    func measureSave(_ count: Int) throws {
        let bytes = [UInt8](repeating: 0x5A, count: 4096)
        let path = folder.appending(path: "yardstick").path
        let samples = try (0..<count).map { _ in
            try ContinuousClock().measure { try AtomicFile.write(bytes, to: path) } / .milliseconds(1)
        }
        report.add(.save, samples)
    }

    /// One bare connect after the other.
    func measureConnect(_ count: Int) async throws {
        let (loadTarget, agents) = (bare.loadTarget, bare.agents)
        report.add(
            .connect,
            try await onThread {
                let load = try Load(loadTarget)
                return try (0..<count).map { index in
                    let (lines, took) = try load.join([agents[index % agents.count]])
                    load.close(lines)
                    return took[0]
                }
            })
    }

    /// Bare connects of all agents at once.
    func measureConnectCrowd() async throws {
        let (loadTarget, agents) = (bare.loadTarget, Array(bare.agents.prefix(some(200))))
        report.add(
            .connectCrowd,
            [
                try await onThread {
                    let load = try Load(loadTarget)
                    let (lines, took) = try load.join(agents)
                    load.close(lines)
                    return Statistics(took).max
                }
            ])
    }
}

enum BenchFailure: Error, CustomStringConvertible {
    case notEnrolled(String, last: String)
    case noRow(String, on: String)
    case notArrived([String])
    case notSettled(server: String, open: Int)
    case notRunning(String)
    case unreadable(String)
    case refused(String)
    case notSelfContained(String)

    var description: String {
        switch self {
        case .notEnrolled(let name, let last): "\(name) did not enrol; its log ends with \(last)"
        case .noRow(let name, let server): "\(server) has no row for \(name)"
        case .notArrived(let names):
            "\(names.count) of the agents did not arrive: " + names.prefix(5).joined(separator: "; ")
        case .notSettled(let server, let open): "\(server) still has \(open) open handovers"
        case .notRunning(let name): "\(name) is not running"
        case .unreadable(let what): "\(what) cannot be read"
        case .refused(let why): "the server refused: \(why)"
        case .notSelfContained(let program): "\(program) needs a library of Swift beside it; build it with make agent"
        }
    }
}

extension Timestamp {
    /// The wall clock that the servers write their audit trails by.
    static var present: Timestamp { Timestamp(milliseconds: Int64(ProcessCost.wallClock())) }
}
