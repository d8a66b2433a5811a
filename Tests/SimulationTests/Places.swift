import AgentCore
import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import Vocabulary

/// The keys and certificates of three servers and three agents. Made once in a process: no schedule depends on them.
struct Places: Sendable {
    static let shared = Places()

    struct Place: Sendable {
        let id: PeerID
        let name: String
        let authority: Certificate
        let issuer: Issuer
        let listener: Certificate
        let federation: Certificate
        let endpoint: Endpoint

        func issue(_ order: LeafOrder, _ serial: [UInt8]) throws -> Certificate {
            try issuer.issue(
                order.profile, subject: order.subject, publicKey: order.publicKey, serial: [1] + serial.prefix(8),
                validity: order.validity)
        }
    }

    struct Birth: Sendable {
        let row: AgentID
        let uid: InstanceUID
        let key: PrivateKey
        let leaf: Certificate
        let request: String
    }

    let start = Timestamp(seconds: 1_800_000_000)
    let places: [Place]
    let births: [Birth]
    /// Of the first server's CA, for a row that nobody has.
    let strangerLeaf: Certificate
    private let records: [PeerRecord]

    /// As every server has recorded this one.
    func record(of server: Int) -> PeerRecord { records[server] }

    private init() {
        do {
            let start = start
            let validity = Validity(notBefore: start - .seconds(86_400 * 30), notAfter: start + .seconds(86_400 * 300))
            let places = try ["eu", "us", "ap"].enumerated().map { number, name in
                try Self.place(name, UInt8(0xA0 + number), validity)
            }
            births = try (0..<3).map { try Self.birth(UInt8($0 + 1), at: places[0], validity) }
            strangerLeaf = try Self.birth(99, at: places[0], validity).leaf
            records = try places.map { try Self.record(of: $0, at: start) }
            self.places = places
        } catch {
            preconditionFailure("the simulated places could not be made: \(error)")
        }
    }

    private static func place(_ name: String, _ byte: UInt8, _ validity: Validity) throws -> Place {
        let key = try PrivateKey.generateP256()
        let authority = try Issuer.selfSigned(
            subject: "\(name) CA", key: key, serial: [0x10, byte], validity: validity)
        let issuer = try Issuer(certificate: authority, key: key)
        let id: PeerID = identity(byte)
        let publicKey = try PrivateKey.generateP256().publicKey
        return Place(
            id: id, name: name, authority: authority, issuer: issuer,
            listener: try issuer.issue(
                .listener(names: ["\(name).example"]), subject: name, publicKey: publicKey, serial: [0x11, byte],
                validity: validity),
            federation: try issuer.issue(
                .federation(id), subject: name, publicKey: publicKey, serial: [0x12, byte], validity: validity),
            endpoint: try Endpoint("wss://\(name).example:4320/v1/opamp"))
    }

    private static func birth(_ byte: UInt8, at place: Place, _ validity: Validity) throws -> Birth {
        let key = try PrivateKey.generateP256()
        let row: AgentID = identity(byte)
        return Birth(
            row: row, uid: identity(0x50 + byte), key: key,
            leaf: try place.issuer.issue(
                .agentLeaf(row), subject: "agent", publicKey: key.publicKey, serial: [0x13, byte], validity: validity),
            request: try SigningRequest(key: key, subject: "agent").pem)
    }

    private static func record(of place: Place, at now: Timestamp) throws -> PeerRecord {
        PeerRecord(
            name: place.name, endpoint: try Endpoint("https://\(place.name).example"), id: place.id,
            pin: PeerPin(place.federation),
            trust: PeerTrust(
                serverCAs: try TrustSet([place.authority]), agentCAs: try TrustSet([place.authority]),
                tokenSigners: try TrustSet([place.authority])),
            opampEndpoint: place.endpoint, inbound: InboundSecret(digest: [1]),
            outbound: OutboundSecret(sealed: [2], digest: [2]), lastContact: now)
    }

    private static func identity<Kind>(_ byte: UInt8) -> Identifier<Kind> {
        guard let identity = Identifier<Kind>(bytes: [UInt8](repeating: byte, count: 16)) else {
            preconditionFailure("16 bytes are an identity")
        }
        return identity
    }

    /// An agent enrolled at the first server, as its configuration file says.
    func configuration(of host: Int) -> AgentConfiguration {
        let birth = births[host]
        let place = places[0]
        return AgentConfiguration(
            server: ServerSettings(
                settings: ConnectionSettings(
                    endpoint: place.endpoint, trust: ServerTrust(anchors: CertificateBundle([place.authority])),
                    leaf: LeafChain(leaf: birth.leaf)),
                tokenSigners: record(of: 0).trust.tokenSigners),
            report: OwnReport(
                description: AgentDescription(identifyingAttributes: [
                    KeyValue(key: "service.instance.id", value: .string(""))
                ]),
                health: ComponentHealth(healthy: true)),
            identity: HeldIdentity(publicKey: birth.key.publicKey, signingRequest: birth.request))
    }

    /// The row that this agent has at the first server.
    func enrolledRow(of host: Int) -> AgentRecord {
        let birth = births[host]
        return AgentRecord(
            id: birth.row, displayName: "agent \(host)", instanceUID: birth.uid, leaf: birth.leaf,
            capabilities: .handoverDefault)
    }
}
