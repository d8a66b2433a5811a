import Certificates
import Foundation
import Glibc
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import TestPKI
import Testing
import UnixSignals
import Vocabulary

@testable import MiniServer

/// The listener's certificate changes while the server runs; what counts is what the next handshake shows.
@Suite(.timeLimit(.minutes(1)))
struct ListenerRenewalTests {
    private let pki: TestAuthority

    init() throws { pki = try TestAuthority() }

    /// - Returns: the configuration of a server that reads these two files.
    private func configuration(in root: URL) -> ServerConfiguration {
        ServerConfiguration(
            dataDirectory: root.appending(path: "eu").path, name: "eu", port: 0,
            listenerFiles: (root.appending(path: "listener.pem").path, root.appending(path: "listener.key").path))
    }

    private func write(_ identity: TestIdentity, key: PrivateKey? = nil, into root: URL) throws {
        let chain = identity.certificate.pem + pki.certificate.pem
        try Data(chain.utf8).write(to: root.appending(path: "listener.pem"))
        try Data((key ?? identity.key).pem.reveal()).write(to: root.appending(path: "listener.key"))
    }

    private static func shown(by server: RunningServer) async throws -> Certificate? {
        try await PresentedChain.dial(host: "127.0.0.1", port: #require(await server.server.port)).first
    }

    /// What dashboards see.
    private static func trouble(of server: RunningServer) async throws -> String? {
        let text = try await server.exchange(RouteTarget(method: .get, path: PublicPaths.metrics), bearer: nil).text
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(Metrics.listenerTrouble) ") }
        return line?.split(separator: " ").last.map(String.init)
    }

    @Test func `files that were swapped are shown to the next connection`() async throws {
        try await RunningServer.withDirectory { root in
            let (first, second) = (try pki.listener(), try pki.listener())
            try write(first, into: root)
            try await RunningServer.runOnce(configuration(in: root)) { server in
                #expect(try await Self.shown(by: server) == first.certificate)
                try write(second, into: root)
                await server.server.context.renewListener()
                #expect(try await Self.shown(by: server) == second.certificate)
            }
        }
    }

    @Test func `a signal has the files read again`() async throws {
        try await RunningServer.withDirectory { root in
            let second = try pki.listener()
            try write(try pki.listener(), into: root)
            try await RunningServer.runOnce(configuration(in: root)) { server in
                try write(second, into: root)
                let context = server.server.context
                await withTaskGroup { tasks in
                    tasks.addTask { try? await ListenerRenewal(server: context, signals: [.sigwinch]).run() }
                    tasks.addTask {
                        // Nobody minds this signal, so it may come before the service listens.
                        while (try? await Task.sleep(for: .milliseconds(20))) != nil { kill(getpid(), SIGWINCH) }
                    }
                    for await _ in context.listener.changes { break }
                    tasks.cancelAll()
                }
                #expect(try await Self.shown(by: server) == second.certificate)
            }
        }
    }

    enum BadFile: CaseIterable {
        case otherKey, noPEM, expired, notYetValid, gone, otherHost, withoutCA, strangerInChain

        var code: String {
            switch self {
            case .otherKey, .noPEM, .expired, .notYetValid, .gone: "authority.listener-files"
            case .otherHost: "address.certificate-name"
            case .withoutCA: "address.certificate-untrusted"
            case .strangerInChain: "address.certificate"
            }
        }
    }

    @Test(arguments: BadFile.allCases)
    func `a file that cannot be used leaves the listener as it is`(file: BadFile) async throws {
        try await RunningServer.withDirectory { root in
            let first = try pki.listener()
            try write(first, into: root)
            try await RunningServer.runOnce(configuration(in: root)) { server in
                let certificate = root.appending(path: "listener.pem")
                switch file {
                case .otherKey: try write(try pki.listener(), key: first.key, into: root)
                case .noPEM: try Data("nothing".utf8).write(to: certificate)
                case .gone: try FileManager.default.removeItem(at: certificate)
                case .expired: try write(try pki.listener(validity: .around(.now - .seconds(1), days: 0)), into: root)
                case .notYetValid:
                    let validity = Validity(notBefore: .now - .seconds(60), notAfter: .now + .seconds(86_400))
                    try write(try pki.listener(validity: validity), into: root)
                case .otherHost: try write(try pki.listener(["eu.example"]), into: root)
                case .withoutCA, .strangerInChain:
                    let next = try pki.listener()
                    let stranger = try pki.certificate.pem + TestAuthority().certificate.pem
                    try write(next, into: root)
                    try Data((next.certificate.pem + (file == .withoutCA ? "" : stranger)).utf8).write(to: certificate)
                }
                var context = server.server.context
                if file == .notYetValid { context.now = { .now - .seconds(120) } }
                // What the start would say.
                let refusal = await #expect(throws: (any Error).self) {
                    _ = try await context.listenerSource.load(
                        authority: context.authority, database: context.database, address: context.address.listen,
                        at: context.now())
                }
                let code = (refusal as? any OperatorExplainable)?.operatorMessage.code
                #expect(code == file.code)
                await context.renewListener()
                await context.renewListener()
                #expect(try await Self.shown(by: server) == first.certificate)
                let told = try await server.audit().filter {
                    $0.action == .listenerCertificateRefused
                }
                #expect(told.count == 1 && told[0].additional["code"] == code)
                #expect(try await Self.trouble(of: server) == "1")

                context.now = { .now }
                try write(first, into: root)
                await context.renewListener()
                #expect(try await Self.trouble(of: server) == "0")
            }
        }
    }

    @Test func `an own certificate of a clock that was ahead is replaced, while the server runs and at its start`()
        async throws
    {
        try await RunningServer.withDirectory { root in
            let configuration = ServerConfiguration(
                dataDirectory: root.appending(path: "eu").path, name: "eu", port: 0)
            @Sendable func goAhead(_ server: RunningServer) async throws {
                var context = server.server.context
                context.now = { .now + .seconds(200 * 86_400) }
                await context.renewListener()
                #expect(try #require(try await Self.shown(by: server)).notBefore > .now)
            }
            let admin = try await RunningServer.runOnce(configuration) { server in
                try await goAhead(server)
                await server.server.context.renewListener()
                #expect(try #require(try await Self.shown(by: server)).notBefore <= .now)
                try await goAhead(server)
                return server.admin
            }
            try await RunningServer.runOnce(configuration, admin: admin) { server in
                let shown = try #require(try await Self.shown(by: server))
                #expect(shown.notBefore <= .now && shown.notAfter > .now)
            }
        }
    }

    @Test func `an own certificate near its end is renewed, and not before`() async throws {
        try await RunningServer.run("eu") { servers in
            let first = try await Self.shown(by: servers[0])
            var context = servers[0].server.context
            context.now = { .now + .seconds(59 * 86_400) }
            await context.renewListener()
            #expect(try await Self.shown(by: servers[0]) == first)
            context.now = { .now + .seconds(61 * 86_400) }
            await context.renewListener()
            let second = try #require(try await Self.shown(by: servers[0]))
            #expect(second != first && second.issuer == first?.issuer)
            #expect(second.notAfter > .now + .seconds(120 * 86_400))
        }
    }
}
