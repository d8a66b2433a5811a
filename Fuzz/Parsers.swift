import Certificates
import HandoverToken
import OpAMPProto
import ServerAPI
import Vocabulary

@testable import AgentCore
@testable import AgentExtension
@testable import ClientTransport

/// What strangers reach: every text and every message that a server, an agent, a peer, a file of an operator or a pasted line
/// can give to these programs. Each is read whatever the bytes are, and what was read has to survive being written.
enum Parser: String, CaseIterable {
    case frame
    case agentMessage = "agent-message"
    case serverMessage = "server-message"
    case offer
    case customMessage = "custom-message"
    case httpAnswer = "http-answer"
    case gzip
    case requestHeaders = "request-headers"
    case requestBody = "request-body"
    case json
    case pem
    case yaml
    case proxyEnvironment = "proxy-environment"
    case token
    case claims
    case state
    case endpoint
    /// No parsers: each has a fault on purpose, and a run that does not find it looks at nothing. The first is seen by Swift
    /// itself, the second by the address sanitizer only.
    case plantedIndex = "planted-index"
    case plantedOverflow = "planted-overflow"

    func read(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        switch self {
        case .frame:
            let message = Array(try FrameHeader.unframed(bytes))
            for tolerance in [FrameHeader.Tolerance.strict, .headerless] {
                try Self.same(Array(FrameHeader.unframed(FrameHeader.framed(message), tolerance: tolerance)), message)
            }
        case .agentMessage:
            _ = WireText(bytes[...], as: .agentToServer)
            let message = try AgentToServer(decoding: bytes)
            try Self.same(AgentToServer(decoding: message.encoded()), message)
        case .serverMessage:
            _ = WireText(bytes[...], as: .serverToAgent)
            let message = try ServerToAgent(decoding: bytes)
            try Self.same(ServerToAgent(decoding: message.encoded()), message)
        case .offer: try readOffer(bytes)
        case .customMessage: try readCustomMessage(bytes, text)
        case .httpAnswer: try AnswerReading.check(bytes)
        case .gzip:
            let content = try Gzip.decompressed(bytes, limit: 1 << 20)
            guard content.count <= 1 << 20 else { fatalError("the limit was passed by") }
            if let again = Gzip.compressed(content) { try Self.same(Gzip.decompressed(again, limit: 1 << 20), content) }
        case .requestHeaders: try readRequestHeaders(text)
        case .requestBody: readRequestBody(bytes)
        case .json:
            let value = try JSON(reading: bytes)
            try Self.same(JSON(reading: Array(value.description.utf8)), value)
        case .pem:
            _ = try? PrivateKey(clientPEM: Secret(text))
            _ = try? SigningRequest(pem: text)
            let bundle = try CertificateBundle(pem: text)
            try Self.same(CertificateBundle(pem: bundle.pem), bundle)
        case .yaml: _ = try YAML(reading: bytes)
        case .proxyEnvironment: try readProxyEnvironment(text)
        case .token:
            let signer = TokenVerifier.KnownSigner(
                certificate: FixedWorld.authority.certificate, owner: FixedWorld.server)
            let token = try TokenVerifier().verify(
                text, signers: [signer], audience: nil, at: FixedWorld.now, expected: [.handover, .standby])
            guard token.claims.issuer == FixedWorld.server else { fatalError("a token of somebody else") }
        case .claims:
            let claims = try HandoverClaims(text: text)
            try Self.same(HandoverClaims(text: claims.text), claims)
        case .state:
            let state = try AgentState(decoding: bytes)
            try Self.same(AgentState(decoding: state.encoded), state)
        case .endpoint:
            let endpoint = try Endpoint(text)
            try Self.same(Endpoint(endpoint.description), endpoint)
        case .plantedIndex: if bytes.starts(with: "fault".utf8) { _ = bytes[bytes.count + 1] }
        case .plantedOverflow:
            guard bytes.starts(with: "fault".utf8) else { return }
            let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
            defer { unsafe copy.deallocate() }
            unsafe copy.initialize(from: bytes, count: bytes.count)
            if unsafe copy[bytes.count] == 1 { throw WireFailure.frameEmpty }
        }
    }

    static func same<Value: Equatable>(_ again: Value, _ value: Value) throws {
        guard again == value else { fatalError("what was written reads as something else") }
    }

    // MARK: - What takes several steps

    /// An offer, and grants of a standby server, to an agent that holds token signers and to one that holds none.
    private func readOffer(_ bytes: [UInt8]) throws {
        let offers = try ConnectionSettingsOffers(decoding: bytes)
        for review in [Self.review(holding: FixedWorld.signers), Self.review(holding: nil)] {
            let resolved =
                [offers.opamp.flatMap { try? review.resolve($0) }]
                + offers.otherConnections.values.map { try? review.resolve(standby: $0) }
            for settings in resolved.compactMap(\.?.server.settings) {
                guard settings.endpoint.isTLS, !settings.skipsVerification else {
                    fatalError("the policy was passed by")
                }
            }
        }
    }

    private static func review(holding signers: TokenSigners?) -> OfferReview {
        let settings = ConnectionSettings(
            endpoint: source,
            trust: ServerTrust(anchors: CertificateBundle([FixedWorld.authority.certificate])),
            leaf: FixedWorld.leaf)
        return OfferReview(
            active: ServerSettings(settings: settings, tokenSigners: signers), policy: OfferPolicy(),
            ownKey: FixedWorld.leafKey.publicKey, epoch: 0, receivedAt: FixedWorld.now)
    }

    private static let source: Endpoint = {
        do { return try Endpoint("wss://source.example:4320/v1/opamp") } catch { fatalError("\(error)") }
    }()

    /// The data of each of our custom messages.
    private func readCustomMessage(_ bytes: [UInt8], _ text: String) throws {
        if let standing = HandoverEpoch(json: bytes) { try Self.same(HandoverEpoch(json: standing.json), standing) }
        if let signers = try? TokenSigners(pem: text) { try Self.same(TokenSigners(pem: signers.pem), signers) }
        let statement = try TrustStatement.verified(text, signers: FixedWorld.signers, issuer: nil, at: FixedWorld.now)
        guard statement.opampEndpoint.isTLS else { fatalError("the rules were passed by") }
    }

    private func readRequestHeaders(_ text: String) throws {
        if let trace = TraceContext(text) { try Self.same(TraceContext(trace.text), trace) }
        if let epoch = HandoverEpoch(headerText: text) { try Self.same(epoch.headerText, text) }
        if let id = HandoverID(text) { try Self.same(id.description, text) }
    }

    /// As calls of a peer, which ignore what they do not know, and as calls of an operator.
    private func readRequestBody(_ bytes: [UInt8]) {
        _ = try? JSONBody.read(NoticeBatch.self, from: bytes, unknownMembers: .ignored)
        _ = try? JSONBody.read(HandoverStatus.self, from: bytes, unknownMembers: .ignored)
        _ = try? JSONBody.read(RedemptionRequest.self, from: bytes, unknownMembers: .ignored)
        _ = try? JSONBody.read(TrustBundle.self, from: bytes, unknownMembers: .ignored)
        _ = try? JSONBody.read(OperatorTokenRequest.self, from: bytes, unknownMembers: .refused)
        _ = try? JSONBody.read(PeerUpdate.self, from: bytes, unknownMembers: .refused)
    }

    /// A line for each variable: the proxy, and what is reached without it.
    private func readProxyEnvironment(_ text: String) throws {
        let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let values = ["https_proxy": lines[0], "no_proxy": lines.count == 2 ? lines[1] : nil]
        let host = try ProxyEnvironment { values[$0] ?? nil }.read()
        guard let list = lines.dropFirst().first else { return }
        for entry in list.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            guard let endpoint = try? Endpoint("wss://\(entry)") else { continue }
            guard host.proxy(for: endpoint) == nil else { fatalError("\(entry) does not cover itself") }
        }
    }
}
