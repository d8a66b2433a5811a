import Certificates
import Foundation
import OperatorClient
import Recorder
import ServerAPI
import Synchronization
import TestValues
import Testing
import Vocabulary

@testable import Drill

/// A server and an agent as the drill runs them, with a proxy between them that ends TLS.
@MainActor final class ProxiedAgent {
    let agent: AgentProcess
    let server: ServerProcess
    let recorded = Recorded()
    private let folder: TemporaryFolder
    private let world: DrillWorld
    private let notes = StepNotes()
    private var proxy: Proxy?
    private var serving: [Task<Void, any Error>] = []
    /// Two proxies behind each other, with plain TCP between them.
    private let isPlainBetween: Bool
    private let company: ForeignAuthority
    /// The server and the proxy show the same certificate.
    private let listener: (certificate: URL, key: URL)
    private let regions: TwoRegions

    private init(over transport: AgentProcess.Transport, plainBetween: Bool) throws {
        isPlainBetween = plainBetween
        folder = try TemporaryFolder("proxied")
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let programs = try Programs(in: URL(filePath: own).deletingLastPathComponent())
        world = try DrillWorld(directory: folder.url, programs: programs, transport: transport)
        regions = TwoRegions(DrillRun(world: world, narrator: Narrator(style: .init(isTerminal: false)) { _ in }))
        (server, agent) = (regions.eu, regions.agent)
        company = try ForeignAuthority("Company CA")
        listener = try company.writeListenerIdentity(into: folder.url)
    }

    /// Enrols an agent, puts the proxy between it and the server, waits until the server shows it live, and ends everything when `body` is done.
    static func run(
        over transport: AgentProcess.Transport, plainBetween: Bool = false,
        _ body: @MainActor (ProxiedAgent) async throws -> Void
    ) async throws {
        let one = try ProxiedAgent(over: transport, plainBetween: plainBetween)
        do {
            try await one.begin()
            try await body(one)
        } catch {
            let last = one.recorded.lines.suffix(12).map { String("\($0)".prefix(1000)) }
            Issue.record("\(error), after \(last.joined(separator: "\n"))")
            await one.end()
            throw error
        }
        await one.end()
    }

    private func begin() async throws {
        try await world.addBalancer(to: server)
        try await regions.start(
            server, notes,
            options: ["--listener-cert", listener.certificate.path, "--listener-key", listener.key.path],
            trusting: company.certificate.pem)
        // The proxy shows the agent's leaf, so the agent enrols before the balancer leads to the proxy.
        try agent.configure(for: server, trusting: company.certificate.pem)
        try await agent.enrol(with: try await regions.createBootstrapToken(on: server, notes))
        server.balancer?.lead(to: try await startProxy())
        try agent.start()
        _ = try await regions.live(agent, on: server)
    }

    /// - Returns: the port for the agent.
    private func startProxy() async throws -> Int {
        var settings = try ProxyConfiguration(
            listen: "127.0.0.1:0", server: "wss://127.0.0.1:\(server.port ?? 0)")
        settings.serverAuthorities = [company.certificate]
        settings.clientIdentity = try .read(
            certificate: agent.stateDirectory.appending(path: "leaf.pem").path,
            key: agent.stateDirectory.appending(path: "leaf.key").path)
        if isPlainBetween {
            let inner = try await serve(settings, recording: Recorded())
            settings = try ProxyConfiguration(listen: "127.0.0.1:0", server: "ws://127.0.0.1:\(inner.port)")
        }
        settings.identity = try .read(certificate: listener.certificate.path, key: listener.key.path)
        let proxy = try await serve(settings, recording: recorded)
        self.proxy = proxy
        return proxy.port
    }

    private func serve(_ settings: ProxyConfiguration, recording recorded: Recorded) async throws -> Proxy {
        let recording = Recording(
            "test", showingSecrets: false, to: recorded.add, failures: { Issue.record("\($0)") })
        let proxy = try await Proxy.listen(settings, recording: recording)
        serving.append(Task { try await proxy.run() })
        return proxy
    }

    private func stopProxy() async {
        for task in serving.reversed() {
            task.cancel()
            _ = await task.result
        }
    }

    private func end() async {
        await world.tearDown()
        await stopProxy()
    }

    /// From now on; numbers count from here.
    func follow(_ rules: String...) throws { proxy?.follow(try rules.map { try Rule($0) }) }

    /// Gives the agent another configuration, which makes the server send a message and the agent two.
    func reconfigure(_ text: String) async throws {
        try await server.api.call(
            OperatorRoutes.saveConfiguration("proxied"),
            sending: ConfigurationText(contentType: "text/yaml", body: text))
        let row = try await regions.row(of: agent, on: server)
        try await server.api.call(OperatorRoutes.assignAgent("\(row)"), sending: Assignment(configuration: "proxied"))
    }

    /// Waits until the agent has this configuration on its disk and the server knows it.
    func applied(_ text: String) async throws {
        let row = try await regions.row(of: agent, on: server)
        try await eventually("the agent has applied \(text)", within: .seconds(120)) {
            let detail = try await self.server.agent(row)
            let onDisk = try? String(contentsOf: self.agent.sink, encoding: .utf8)
            return onDisk == text && detail.configurationStatus?.status == "applied"
        }
    }

    func live() async throws { _ = try await regions.live(agent, on: server, within: .seconds(120)) }
}

/// The lines of a recording.
final class Recorded: Sendable {
    private let all = Mutex<[UInt8]>([])

    var bytes: [UInt8] { all.withLock { $0 } }
    var lines: [JSON] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap {
            try? JSON(reading: Array($0), sizeLimit: .max, depthLimit: 256)
        }
    }

    @Sendable func add(_ line: [UInt8]) { all.withLock { $0 += line } }

    /// The place of the first line for which this holds, at `start` or behind it, once there is one.
    @MainActor func line(
        _ what: String, from start: Int = 0, _ isSo: (JSON) -> Bool
    ) async throws -> (index: Int, json: JSON) {
        try await eventually("the recording has \(what)", within: .seconds(120)) {
            let lines = lines
            guard start <= lines.count, let index = lines[start...].firstIndex(where: isSo) else {
                return Sight.notYet("\(lines.count) lines")
            }
            return .here((index, lines[index]))
        }
    }
}

extension JSON {
    func isMessage(_ direction: String, under rule: String? = nil) -> Bool {
        self["event"]?.string == "message" && self["direction"]?.string == direction
            && (rule == nil || self["rules"]?.array?.contains { $0.string == rule } == true)
    }

    var time: Timestamp? { self["at"]?.string.flatMap { Timestamp($0) } }
}
