import AgentCore
import AgentExtension
import Certificates
import HandoverToken
import OpAMPProto
import Vocabulary

/// What strangers reach: every text and every message that a server, a peer, a file of an operator or a pasted line can
/// give to these programs. Each is read whatever the bytes are, and what was read has to survive being written.
enum Parser: String, CaseIterable {
    case frame
    case agentMessage = "agent-message"
    case serverMessage = "server-message"
    case offer
    case json
    case pem
    case yaml
    case token
    case claims
    case state
    case endpoint
    /// No parser: it has a fault on purpose, and a run that does not find it looks at nothing.
    case planted

    func read(_ bytes: [UInt8]) throws {
        switch self {
        case .frame: _ = try ServerToAgent(decoding: FrameHeader.unframed(bytes))
        case .agentMessage:
            let message = try AgentToServer(decoding: bytes)
            try Self.same(AgentToServer(decoding: message.encoded()), message)
        case .serverMessage:
            let message = try ServerToAgent(decoding: bytes)
            try Self.same(ServerToAgent(decoding: message.encoded()), message)
        case .offer:
            let offers = try ConnectionSettingsOffers(decoding: bytes)
            guard let offer = offers.opamp else { return }
            let resolved = try Self.review.resolve(offer).server.settings
            guard resolved.endpoint.isTLS, !resolved.skipsVerification else { fatalError("the policy was passed by") }
        case .json:
            let value = try JSON(reading: bytes)
            try Self.same(JSON(reading: Array(value.description.utf8)), value)
        case .pem:
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? PrivateKey(clientPEM: Secret(text))
            _ = try? SigningRequest(pem: text)
            let bundle = try CertificateBundle(pem: text)
            try Self.same(CertificateBundle(pem: bundle.pem), bundle)
        case .yaml: _ = try YAML(reading: bytes)
        case .token:
            _ = try TokenVerifier().verify(
                String(decoding: bytes, as: UTF8.self), signers: [], audience: nil, at: Self.now)
        case .claims:
            let claims = try HandoverClaims(text: String(decoding: bytes, as: UTF8.self))
            guard claims.probation >= .zero, claims.expiresAt >= claims.issuedAt else { return }
        case .state:
            let state = try AgentState(decoding: bytes)
            try Self.same(AgentState(decoding: state.encoded), state)
        case .endpoint:
            let endpoint = try Endpoint(String(decoding: bytes, as: UTF8.self))
            try Self.same(Endpoint(endpoint.description), endpoint)
        case .planted: if bytes.starts(with: "fault".utf8) { _ = bytes[bytes.count + 1] }
        }
    }

    private static func same<Value: Equatable>(_ again: Value, _ value: Value) throws {
        guard again == value else { fatalError("what was written reads as something else") }
    }

    private static let now = Timestamp(seconds: 1_800_000_000)

    /// Of an agent that has a key and trusts the system's CAs.
    private static let review: OfferReview = {
        do {
            let key = try PrivateKey.generateP256()
            let server = ServerSettings(
                settings: ConnectionSettings(
                    endpoint: try Endpoint("wss://source.example:4320/v1/opamp"),
                    trust: ServerTrust(anchors: CertificateBundle([]), includesSystemRoots: true)))
            return OfferReview(
                active: server, policy: OfferPolicy(), ownKey: key.publicKey, epoch: 0, receivedAt: now)
        } catch {
            fatalError("\(error)")
        }
    }()
}
