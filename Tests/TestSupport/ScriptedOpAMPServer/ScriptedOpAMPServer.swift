public import Certificates
import HandoverToken
import HostSystem
public import OpAMPProto
public import ScriptedServer
import Synchronization
public import TestPKI
import TestValues
public import Vocabulary

/// An OpAMP server for tests, on 127.0.0.1: it enrols whoever asks, answers every message, makes offers until they get
/// a verdict, and remembers what it was told.
public final class ScriptedOpAMPServer: Sendable {
    /// How it treats an agent that comes.
    public enum Mood: Sendable {
        case welcoming
        /// Every upgrade and request gets this status.
        case refusing(status: Int)
        /// The same for whoever shows a leaf, also one that this server has issued.
        case refusingLeaves(status: Int)
        /// Upgrades are granted, and nothing is ever said.
        case silent
        /// What is said to the first message means nothing, and a Close frame is never answered.
        case babbling
    }

    public struct Heard: Sendable {
        public let message: AgentToServer
        public let at: ContinuousClock.Instant
        /// SHA-256 of the leaf it was sent with.
        public let leaf: Fingerprint?
        public let headers: [String: String]
    }

    struct Memory {
        var mood = Mood.welcoming
        var whenAsked: (@Sendable () -> Void)?
        var leavesOnceApplied = false
        var leafAnswersToLose = 0
        var heard: [Heard] = []
        var offer: ConnectionSettingsOffers?
        /// Said with each offer.
        var statement: CustomMessage?
        var remoteConfig: AgentRemoteConfig?
        var leaves: [[UInt8]: Certificate] = [:]
        var sockets: [Int: ScriptedWebSocket] = [:]
        var sessions = 0
    }

    public let authority: TestAuthority
    public let id: PeerID
    /// Asked of whoever enrols or arrives.
    private let heartbeatSeconds: UInt64
    private let memory = Mutex(Memory())
    private let listener = Mutex<ScriptedServer?>(nil)

    private init(_ name: String, heartbeatSeconds: UInt64) throws {
        authority = try TestAuthority(name)
        id = .random
        self.heartbeatSeconds = heartbeatSeconds
    }

    public static func start(_ name: String, heartbeatSeconds: UInt64 = 1) async throws -> ScriptedOpAMPServer {
        let opampServer = try ScriptedOpAMPServer(name, heartbeatSeconds: heartbeatSeconds)
        let server = try await ScriptedServer.start(tls: try opampServer.authority.tls()) { request in
            opampServer.answer(request)
        }
        opampServer.listener.withLock { $0 = server }
        return opampServer
    }

    public func stop() { listener.withLock { $0?.stop() } }

    // MARK: What a test sees and sets

    public var port: Int { listener.withLock { $0?.port ?? 0 } }
    public var heard: [Heard] { memory.withLock { $0.heard } }
    public var requests: [ScriptedRequest] { listener.withLock { $0?.requests ?? [] } }
    public var connectionCount: Int { listener.withLock { $0?.connectionCount ?? 0 } }
    public var openConnectionCount: Int { listener.withLock { $0?.openConnectionCount ?? 0 } }
    public var leafCount: Int { memory.withLock { $0.leaves.count } }
    public var settingsStatuses: [ConnectionSettingsStatus] { heard.compactMap(\.message.connectionSettingsStatus) }

    public func endpoint(_ scheme: String = "wss") throws -> Endpoint {
        try Endpoint("\(scheme)://127.0.0.1:\(port)/v1/opamp")
    }

    public func become(_ mood: Mood) { memory.withLock { $0.mood = mood } }

    /// Runs the body before each upgrade and request is answered.
    public func whenAsked(_ body: @escaping @Sendable () -> Void) { memory.withLock { $0.whenAsked = body } }

    /// The first `APPLIED` ends the connection it came over; from then on it answers 500 to everything.
    public func leaveOnceApplied() { memory.withLock { $0.leavesOnceApplied = true } }

    /// Issues the next leaf and ends the connection instead of sending it.
    public func loseNextLeafAnswer() { memory.withLock { $0.leafAnswersToLose += 1 } }

    /// Offers it now and in every answer, until a verdict about its hash comes.
    ///
    /// - Parameter statement: said with it, each time.
    public func offer(_ offers: ConnectionSettingsOffers, stating statement: CustomMessage? = nil) {
        let sockets = memory.withLock { memory in
            (memory.offer, memory.statement) = (offers, statement)
            return Array(memory.sockets.values)
        }
        let message = ServerToAgent(connectionSettings: offers, customMessage: statement)
        for socket in sockets { send(message, over: socket) }
    }

    /// What this server says about the CAs of its listener.
    public func statement(of roots: [Certificate]) throws -> CustomMessage {
        let own = authority.certificate
        let text = try authority.issuer.sign(
            TrustStatement(
                issuer: id, version: 2, serverCAs: try TrustSet(roots), agentCAs: try TrustSet([own]),
                tokenSigners: try TrustSet([own]), opampEndpoint: try endpoint(), issuedAt: WallClock.now()))
        return CustomMessage(capability: "io.opamp-handover.move/1", type: "trust-statement", data: Array(text.utf8))
    }

    public func offer(_ config: AgentRemoteConfig) {
        memory.withLock { $0.remoteConfig = config }
        for socket in memory.withLock({ Array($0.sockets.values) }) {
            send(ServerToAgent(remoteConfig: config), over: socket)
        }
    }

    /// Says this to every agent on a WebSocket.
    public func say(_ message: ServerToAgent) {
        for socket in memory.withLock({ Array($0.sockets.values) }) { send(message, over: socket) }
    }

    /// The next request for a leaf gets another one.
    public func forgetLeaves() { memory.withLock { $0.leaves = [:] } }

    /// A CA certificate that stands above nothing.
    public static func strangerPEM() throws -> String { try TestAuthority("stranger").certificate.pem }

    /// Says these bytes, which need not mean anything.
    public func sayRaw(_ bytes: [UInt8]) {
        for socket in memory.withLock({ Array($0.sockets.values) }) { socket.send(bytes) }
    }

    // MARK: A session

    private func answer(_ request: ScriptedRequest) -> ScriptedReply {
        memory.withLock { $0.whenAsked }?()
        switch memory.withLock({ $0.mood }) {
        case .welcoming: break
        case .refusing(let status): return .answer(status)
        case .refusingLeaves(let status): if request.peerLeaf != nil { return .answer(status) }
        case .silent: return request.isUpgrade ? .webSocket { await $0.waitForEnd() } : .silence
        case .babbling: return .webSocket { await Self.babble(over: $0) }
        }
        guard request.isUpgrade else {
            guard let message = try? AgentToServer(decoding: request.body) else { return .answer(400) }
            guard let bytes = try? reply(to: message, from: request)?.encoded() else { return .close }
            return .answer(200, headers: [("Content-Type", "application/x-protobuf")], body: bytes)
        }
        return .webSocket { socket in
            let number = self.memory.withLock { memory in
                memory.sessions += 1
                memory.sockets[memory.sessions] = socket
                return memory.sessions
            }
            for await frame in socket.frames {
                guard case .binary(let bytes) = frame, let unframed = try? FrameHeader.unframed(bytes),
                    let message = try? AgentToServer(decoding: unframed)
                else { continue }
                guard let reply = self.reply(to: message, from: request) else { break }
                self.send(reply, over: socket)
            }
            self.memory.withLock { _ = $0.sockets.removeValue(forKey: number) }
        }
    }

    private static func babble(over socket: ScriptedWebSocket) async {
        for await _ in socket.frames {
            socket.freeze()
            socket.send([1, 2, 3])
            break
        }
        await socket.waitForEnd()
    }

    private func send(_ message: ServerToAgent, over socket: ScriptedWebSocket) {
        guard let bytes = try? message.encoded() else { return }
        socket.send(FrameHeader.framed(bytes))
    }

    /// - Returns: `nil` at the end of everything.
    private func reply(to message: AgentToServer, from request: ScriptedRequest) -> ServerToAgent? {
        let leaf = request.peerLeaf.flatMap { Fingerprint(bytes: Digest.sha256($0)) }
        let headers = Dictionary(request.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
        var reply = ServerToAgent(instanceUID: message.instanceUID)
        reply.capabilities = [
            .acceptsStatus, .offersConnectionSettings, .acceptsConnectionSettingsRequest, .offersRemoteConfig,
            .acceptsEffectiveConfig,
        ]
        reply.customCapabilities = CustomCapabilities(capabilities: ["io.opamp-handover.move/1"])
        let leaves = memory.withLock { memory in
            memory.heard.append(Heard(message: message, at: .now, leaf: leaf, headers: headers))
            if memory.leavesOnceApplied, message.connectionSettingsStatus?.status == .applied {
                memory.mood = .refusing(status: 500)
                return true
            }
            if let status = message.connectionSettingsStatus, status.status != .applying,
                status.lastConnectionSettingsHash == memory.offer?.hash
            {
                memory.offer = nil
            }
            (reply.connectionSettings, reply.customMessage) = (memory.offer, memory.statement)
            if message.remoteConfigStatus?.lastRemoteConfigHash != memory.remoteConfig?.configHash {
                reply.remoteConfig = memory.remoteConfig
            }
            return false
        }
        guard !leaves else { return nil }
        if let csr = message.connectionSettingsRequest?.opamp?.certificateRequest?.csr, let leaf = try? issue(csr) {
            let isLost = memory.withLock { memory in
                defer { memory.leafAnswersToLose = max(0, memory.leafAnswersToLose - 1) }
                return memory.leafAnswersToLose > 0
            }
            guard !isLost else { return nil }
            reply.customMessage = CustomMessage(
                capability: "io.opamp-handover.move/1", type: "trust", data: Array(authority.certificate.pem.utf8))
            var offers = ConnectionSettingsOffers(
                opamp: OpAMPConnectionSettings(
                    certificate: TLSCertificate(cert: Array(leaf.pem.utf8)),
                    heartbeatIntervalSeconds: heartbeatSeconds))
            offers.hash = Digest.sha256((try? offers.encoded()) ?? [])
            reply.connectionSettings = offers
        }
        return reply
    }

    /// The same key always gets the same leaf, so an enrolment that was cut off can be repeated.
    private func issue(_ csr: [UInt8]) throws -> Certificate {
        let request = try SigningRequest(pem: String(decoding: csr, as: UTF8.self))
        if let known = memory.withLock({ $0.leaves[request.publicKey.spki] }) { return known }
        let leaf = try authority.issue(.agentLeaf(.random), over: request.publicKey)
        memory.withLock { $0.leaves[request.publicKey.spki] = leaf }
        return leaf
    }

    // MARK: Handing over

    /// The offer of our own servers, with a token of this server.
    public func handover(
        of leaf: Certificate, uid: InstanceUID, to target: ScriptedOpAMPServer, scheme: String = "wss",
        epoch: Epoch = 1,
        probation: Duration = .seconds(300)
    ) throws -> ConnectionSettingsOffers {
        let endpoint = try target.endpoint(scheme)
        let token = try token(of: leaf, uid: uid, to: target, endpoint, epoch, probation, .handover)
        var offers = ConnectionSettingsOffers(
            opamp: OpAMPConnectionSettings(
                destinationEndpoint: endpoint.description,
                headers: Headers(headers: [Header(key: "Handover-Token", value: token)]),
                certificate: TLSCertificate(cert: Array(leaf.pem.utf8)),
                heartbeatIntervalSeconds: target.heartbeatSeconds,
                tls: TLSConnectionSettings(caPEMContents: target.authority.certificate.pem)))
        offers.hash = Digest.sha256(try offers.encoded())
        return offers
    }

    /// A grant for the target, as a server of ours makes it.
    public func standbyGrant(
        of leaf: Certificate, uid: InstanceUID, to target: ScriptedOpAMPServer
    ) throws -> ConnectionSettingsOffers {
        let endpoint = try target.endpoint()
        let token = try token(of: leaf, uid: uid, to: target, endpoint, 1, .seconds(300), .standby)
        var offers = ConnectionSettingsOffers(
            otherConnections: [
                "opamp-handover.standby": OtherConnectionSettings(
                    destinationEndpoint: endpoint.description, otherSettings: ["token": token],
                    tls: TLSConnectionSettings(caPEMContents: target.authority.certificate.pem))
            ])
        offers.hash = Digest.sha256(try offers.encoded())
        return offers
    }

    private func token(
        of leaf: Certificate, uid: InstanceUID, to target: ScriptedOpAMPServer, _ endpoint: Endpoint, _ epoch: Epoch,
        _ probation: Duration, _ purpose: HandoverClaims.Purpose
    ) throws -> String {
        let now = Timestamp(seconds: WallClock.now().seconds)
        return try authority.issuer.sign(
            HandoverClaims(
                id: .random, issuer: id, audience: target.id, issuedAt: now, expiresAt: now + .seconds(3600),
                leaf: leaf.fingerprint,
                agent: .init(row: .random, instanceUID: uid, displayName: "agent", capabilities: 0xA901),
                target: .init(
                    name: "there", endpoint: endpoint, serverCAs: try TrustSet([target.authority.certificate]),
                    tokenSigners: try TrustSet([target.authority.certificate])),
                source: .init(name: "here", agentCAs: try TrustSet([authority.certificate])), epoch: epoch,
                probation: probation, purpose: purpose))
    }
}
