import AsyncHTTPClient
import Certificates
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import TestValues
import Vocabulary

@testable import MiniServer

/// A whole server in this process, in a directory of its own, on a port of the kernel's choice.
struct RunningServer: Sendable {
    let server: Server
    let base: String
    let admin: String

    struct NotStarted: Error {}

    static func run(_ names: String..., body: @Sendable ([RunningServer]) async throws -> Void) async throws {
        try await withDirectory { root in
            try await withThrowingTaskGroup { tasks in
                defer { tasks.cancelAll() }
                var running: [RunningServer] = []
                for name in names {
                    let configuration = ServerConfiguration(
                        dataDirectory: root.appending(path: name).path, name: name, port: 0)
                    running.append(try await start(configuration, in: &tasks))
                }
                try await body(running)
            }
        }
    }

    private static func start(
        _ configuration: ServerConfiguration, admin: String? = nil, in tasks: inout ThrowingTaskGroup<Void, any Error>
    ) async throws -> RunningServer {
        var log = Logger(label: "test")
        log.logLevel = .critical
        let server = try await Server(configuration, log: log)
        tasks.addTask { try await server.run() }
        guard await server.port != nil, let admin = server.adminToken?.revealText() ?? admin else { throw NotStarted() }
        return RunningServer(server: server, base: "https://\(try server.localOrigin.origin)", admin: admin)
    }

    /// One server from its start to its end. Started again in the same directory it is the same server.
    ///
    /// - Parameter admin: the admin token, when this is not the first start.
    static func runOnce<Value: Sendable>(
        _ configuration: ServerConfiguration, admin: String? = nil,
        body: @Sendable (RunningServer) async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup { tasks in
            defer { tasks.cancelAll() }
            return try await body(try await start(configuration, admin: admin, in: &tasks))
        }
    }

    /// A directory that is gone afterwards.
    static func withDirectory(_ body: (URL) async throws -> Void) async throws {
        try await TemporaryFolder.lend("mini-server", to: body)
    }

    /// A database without a server.
    static func withDatabase(_ body: (ServerDatabase) async throws -> Void) async throws {
        try await withDirectory { root in
            let database = try ServerDatabase(path: root.appending(path: "server.sqlite").path)
            try await body(database)
            try database.close()
        }
    }

    struct Answer {
        var status: Int
        var type: String?
        var text: String
        var problem: ServerAPI.Problem? { try? JSONDecoder().decode(ServerAPI.Problem.self, from: Data(text.utf8)) }
    }

    /// One bare exchange.
    ///
    /// - Parameter identity: the client certificate to present.
    func exchange(
        _ target: RouteTarget, bearer: String?, sending body: (any Encodable & Sendable)? = nil,
        as identity: FederationIdentity? = nil
    ) async throws -> Answer {
        var tls = TLSConfiguration.makeClientConfiguration()
        let roots = try server.trustBundle + Self.otherRoots.map(\.pem).joined()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(roots.utf8)))
        if let identity {
            // Only the server that it belongs to can open its key; tests reach into it.
            let key = try Self.key(of: identity, among: [server] + Self.others)
            tls.certificateChain = [.certificate(try NIOSSLCertificate(bytes: identity.certificate.der, format: .der))]
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key.reveal(), format: .pem))
        }
        let http = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(tlsConfiguration: tls))
        var request = HTTPClientRequest(url: base + target.text)
        request.method = HTTPMethod(rawValue: target.method.rawValue)
        if let bearer { request.headers.add(name: "Authorization", value: "Bearer \(bearer)") }
        if let body { request.body = .bytes(try JSONEncoder().encode(body)) }
        do {
            let response = try await http.execute(request, timeout: .seconds(20))
            let text = String(buffer: try await response.body.collect(upTo: 8 << 20))
            try await http.shutdown()
            return Answer(
                status: Int(response.status.code), type: response.headers.first(name: "Content-Type"), text: text)
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    func exchange<Body, Answering>(
        _ call: RouteCall<Body, Answering>, bearer: String?, sending body: Body? = nil,
        as identity: FederationIdentity? = nil
    ) async throws -> Answer {
        let answer = try await exchange(call.target, bearer: bearer, sending: body, as: identity)
        DescribedBody.check(answer, of: call, sending: try body.map { Array(try JSONEncoder().encode($0)) })
        return answer
    }

    @TaskLocal static var others: [Server] = []
    /// For servers that show an intermediate without its root, which this client does not take for the end of a chain.
    @TaskLocal static var otherRoots: [Certificate] = []

    private static func key(of identity: FederationIdentity, among servers: [Server]) throws -> Secret {
        for server in servers {
            if let key = try? server.context.authority.sealing.open(identity.sealedKey, for: .federationKey) {
                return key
            }
        }
        throw NotStarted()
    }

    /// What the admin is answered.
    @discardableResult
    func call<Body, Value>(_ call: RouteCall<Body, Value>, sending body: Body? = nil) async throws -> Value {
        let answer = try await exchange(call, bearer: admin, sending: body)
        if let problem = answer.problem { throw Refused(problem: problem) }
        return try JSONDecoder().decode(Value.self, from: Data(answer.text.utf8))
    }

    struct Refused: Error, CustomStringConvertible {
        let problem: ServerAPI.Problem
        var description: String { "\(problem.status) \(problem.operatorMessage)" }
    }

    func issueCertificate() async throws -> FederationCertificate {
        try await call(
            OperatorRoutes.issueFederationCertificate(), sending: FederationCertificateRequest(subject: "a test"))
    }

    func generateSecret(_ direction: SecretDirection, of peer: String) async throws -> String {
        try await call(
            OperatorRoutes.generatePeerSecret(peer), sending: PeerSecretRequest(direction: direction)
        ).text
    }

    func ping(_ peer: String) async throws -> PingResult {
        try await call(OperatorRoutes.pingPeer(peer))
    }

    /// The rows of a peer as they are saved, with everything that calls left behind.
    func savedPeer(_ name: String) async throws -> PeerRecord {
        await server.context.calls.flush(contacts: true)
        return try await server.context.database.read { try $0.peer(named: name) }
    }

    /// The federation certificate that was issued last.
    func newestIdentity() async throws -> FederationIdentity? {
        let authority = server.context.authority
        return try await server.context.database.read { try authority.federationIdentities($0).first }
    }

    func audit() async throws -> [AuditEvent] {
        try await call(OperatorRoutes.auditEvents(query: [.limit: "1000"])).items
    }

    /// Both servers as peers of each other, by paste, each with the other's secrets swapped.
    ///
    /// - Parameter name: of the second server as the first calls it.
    static func federate(
        _ eu: RunningServer, _ us: RunningServer, as name: String = "us"
    ) async throws -> (inbound: String, outbound: String) {
        let (euPEM, usPEM) = (try await eu.issueCertificate().pem, try await us.issueCertificate().pem)
        try await eu.call(
            OperatorRoutes.createPeer(), sending: PeerCreation(name: name, endpoint: us.base, certificatePEM: usPEM))
        let inbound = try await eu.generateSecret(.inbound, of: name)
        let outbound = try await eu.generateSecret(.outbound, of: name)
        try await us.call(
            OperatorRoutes.createPeer(),
            sending: PeerCreation(
                name: "eu", endpoint: eu.base, certificatePEM: euPEM, inboundSecret: outbound, outboundSecret: inbound))
        return (inbound, outbound)
    }
}
