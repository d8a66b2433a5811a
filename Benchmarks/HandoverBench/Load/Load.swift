import BareClient
import Foundation
import OpAMPProto

/// Connections of agents to one server, driven by one thread. Its calls block; see `onThread`.
final class Load {
    /// One agent on one connection.
    final class Line {
        var voice: AgentVoice
        fileprivate(set) var connection: BareConnection?
        fileprivate var onAnswer: (Line) throws -> Void = { _ in }
        /// When the first answer was there.
        fileprivate(set) var joined: ContinuousClock.Instant?

        fileprivate init(voice: AgentVoice) { self.voice = voice }
    }

    let loadTarget: LoadTarget
    private let loop: BareLoop
    private var lines: [ObjectIdentifier: Line] = [:]
    private var failure: (any Error)?

    init(_ loadTarget: LoadTarget) throws {
        self.loadTarget = loadTarget
        loop = try BareLoop()
    }

    /// Dials with all of them at once and waits until the last has its first answer.
    ///
    /// - Returns: their connections, and how long each waited, in milliseconds.
    func join(
        _ agents: [BenchAgent], over transport: BareConnection.Transport = .webSocket
    ) throws -> (lines: [Line], took: [Double]) {
        let start = ContinuousClock.now
        var missing = agents.count
        let lines = try agents.map { agent in
            try dial(AgentVoice(uid: agent.uid, name: agent.name, over: transport), agent.identity) { _ in missing -= 1
            }
        }
        try run("connecting \(agents.count) agents") { missing == 0 }
        return (lines, lines.map { $0.joined.map { ($0 - start) / .milliseconds(1) } ?? .nan })
    }

    /// The same, but never more than so many under way, so that no backlog overflows.
    func join(_ agents: [BenchAgent], over transport: BareConnection.Transport, atOnce: Int) throws -> [Line] {
        try stride(from: 0, to: agents.count, by: atOnce).flatMap { start in
            try join(Array(agents[start..<min(start + atOnce, agents.count)]), over: transport).lines
        }
    }

    /// One after the other at a fixed pace, whether or not those before have been answered.
    ///
    /// - Returns: how long each waited from the moment that was its own, in milliseconds.
    func join(_ agents: [BenchAgent], every pace: Duration) throws -> [Double] {
        let start = ContinuousClock.now
        var (lines, answered): ([Line], Int) = ([], 0)
        try loop.run("newcomers", pause: 1) {
            while lines.count < agents.count, failure == nil, ContinuousClock.now >= start + pace * lines.count {
                let agent = agents[lines.count]
                let voice = AgentVoice(uid: agent.uid, name: agent.name, over: .webSocket)
                do { lines.append(try dial(voice, agent.identity) { _ in answered += 1 }) } catch { failure = error }
            }
            return failure != nil || answered == agents.count
        }
        if let failure { throw failure }
        close(lines)
        return lines.enumerated().map { index, line in
            line.joined.map { ($0 - start - pace * index) / .milliseconds(1) } ?? .nan
        }
    }

    /// Every line sends, waits for the answer, and sends again.
    ///
    /// - Returns: how long all of it took.
    func exchange(
        _ count: Int, on lines: [Line],
        saying message: @escaping (Line) throws -> [UInt8] = { try $0.voice.heartbeat() }
    ) throws -> Duration {
        var missing = lines.count * count
        let start = ContinuousClock.now
        for line in lines {
            var left = count - 1
            line.onAnswer = { line in
                missing -= 1
                guard left > 0 else { return }
                left -= 1
                line.connection?.send(try message(line))
            }
            line.connection?.send(try message(line))
        }
        try run("\(count) exchanges on \(lines.count) connections") { missing == 0 }
        return ContinuousClock.now - start
    }

    /// One message and its answer, in milliseconds.
    func ask(_ line: Line, _ message: [UInt8]) throws -> Double {
        try exchange(1, on: [line]) { _ in message } / .milliseconds(1)
    }

    /// With a bootstrap token instead of a leaf; `answered` gets the answer to the first report.
    func enrol(
        _ voice: AgentVoice, bearer: String, _ report: [UInt8], answered: @escaping (ServerToAgent) throws -> Void
    ) throws {
        let line = Line(voice: voice)
        lines[ObjectIdentifier(line)] = line
        line.connection = try loop.dial(
            loadTarget.destination, as: nil, over: .webSocket, headers: [("Authorization", "Bearer \(bearer)")],
            events(of: line, first: report) { [unowned self] line, bytes in
                try answered(ServerToAgent(decoding: FrameHeader.unframed(Array(bytes))))
                close([line])
            })
    }

    func run(_ what: String, within limit: Duration = .seconds(60), until isDone: () -> Bool) throws {
        try loop.run(what, within: limit) { failure != nil || isDone() }
        if let failure { throw failure }
    }

    func close(_ lines: [Line]) {
        for line in lines {
            line.connection?.close()
            self.lines[ObjectIdentifier(line)] = nil
        }
    }

    func dropAll() { loop.dropAll() }

    private func dial(
        _ voice: AgentVoice, _ identity: BareIdentity, joined: @escaping (Line) -> Void
    ) throws -> Line {
        let line = Line(voice: voice)
        lines[ObjectIdentifier(line)] = line
        line.onAnswer = { joined($0) }
        let first = try line.voice.firstReport()
        line.connection = try loop.dial(
            loadTarget.destination, as: identity, over: voice.transport,
            events(of: line, first: first) { [loadTarget] line, bytes in
                if line.joined == nil {
                    line.joined = .now
                    if !loadTarget.isBare { try Self.check(bytes, over: voice.transport) }
                }
                try line.onAnswer(line)
            })
        return line
    }

    private func events(
        of line: Line, first: [UInt8], received: @escaping (Line, ArraySlice<UInt8>) throws -> Void
    ) -> BareConnection.Events {
        BareConnection.Events(
            opened: { $0.send(first) },
            received: { [unowned self, unowned line] _, bytes in
                do { try received(line, bytes) } catch { failure = failure ?? error }
            },
            ended: { [unowned self] _, error in failure = failure ?? error })
    }

    /// An answer that says no is not what is measured.
    private static func check(_ bytes: ArraySlice<UInt8>, over transport: BareConnection.Transport) throws {
        let message = Array(bytes)
        let answer =
            transport == .webSocket
            ? try ServerToAgent(decoding: FrameHeader.unframed(message)) : try ServerToAgent(decoding: message)
        if let error = answer.errorResponse { throw BenchFailure.refused(error.errorMessage) }
    }
}

/// Runs what blocks away from the tasks' threads.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Swift.Result(catching: body)) }.start()
    }
}
