import BareClient
import Drill
import Foundation
import OperatorClient
import ServerAPI
import Vocabulary

/// A server as load sees it: where to dial, and the process that pays for it.
struct LoadTarget: Sendable {
    var destination: BareDestination
    var processID: Int32
    /// The bare server sends back what it is sent; there is no answer in it.
    var isBare: Bool

    /// Resident bytes.
    func memory() throws -> Double {
        let status = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) }
        guard let kibibytes else { throw BenchFailure.unreadable("/proc/\(processID)/status") }
        return kibibytes * 1024
    }

    /// The server's CPU time, in microseconds, that `work` and what the server does after it have cost.
    func cpu(of work: () throws -> Void) throws -> Double {
        let before = try ProcessCost.cpu(of: processID)
        try work()
        Thread.sleep(forTimeInterval: 0.3)
        return try ProcessCost.cpu(of: processID) - before
    }
}

extension ServerProcess {
    var loadTarget: LoadTarget {
        get throws {
            guard let port, let processID else { throw BenchFailure.notRunning(label) }
            return LoadTarget(
                destination: BareDestination(port: port, trust: try BareTrust(authority: authorities)),
                processID: processID, isBare: false)
        }
    }

    /// Operators who do not share a connection.
    ///
    /// - Parameter world: the folder of the servers.
    func operators(_ count: Int, in world: URL) throws -> [OperatorClient] {
        let file = world.appending(path: "\(name).admin-token")
        let token = try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        return try (0..<count).map { _ in
            try OperatorClient(base: "https://127.0.0.1:\(port ?? 0)", token: Secret(token), authorities: authorities)
        }
    }
}

extension LoadTarget {
    /// Until the server has used next to no CPU time for half a second: what was asked of it is done.
    func waitUntilQuiet(within limit: Duration = .seconds(60)) throws {
        let deadline = ContinuousClock.now + limit
        var last = try ProcessCost.cpu(of: processID)
        while ContinuousClock.now < deadline {
            Thread.sleep(forTimeInterval: 0.5)
            let now = try ProcessCost.cpu(of: processID)
            if now - last < 10_000 { return }
            last = now
        }
    }
}
