import AgentCore
import Certificates
import HandoverToken
import OpAMPProto
import ServerCore
import TestPKI
import TestValues
import Vocabulary

/// The keys and certificates of three servers and three agents. Made once in a process: no schedule depends on them.
struct Places: Sendable {
    static let shared = Places()

    /// A CA key of a server, with the listener certificate that it issues.
    struct Authority: Sendable {
        let own: TestAuthority
        let listener: Certificate

        var issuer: Issuer { own.issuer }
        var certificate: Certificate { own.certificate }

        fileprivate init(_ name: String, key: PrivateKey, listener: PublicKey, _ validity: Validity) throws {
            own = try TestAuthority("\(name) CA", key: key, validity: validity)
            self.listener = try own.issue(
                .listener(names: ["\(name).example"]), over: listener, validity: validity)
        }
    }

    struct Place: Sendable {
        let id: PeerID
        let name: String
        /// The first one.
        let authority: Authority
        let federation: Certificate
        /// For CAs to come, and for the listener.
        fileprivate let spareKeys: [PrivateKey]
        fileprivate let listenerKey: PublicKey

        var host: String { "\(name).example" }

        func endpoint(isPolling: Bool) -> Endpoint {
            do {
                return try Endpoint("\(isPolling ? "https" : "wss")://\(host):4320/v1/opamp")
            } catch {
                preconditionFailure("the endpoint of \(name) is none: \(error)")
            }
        }

        /// The CA that is drafted as the server's `number`th.
        func authority(_ number: Int, at now: Timestamp) throws -> Authority {
            let key = spareKeys[number % spareKeys.count]
            let validity = Validity(notBefore: now - .seconds(3600), notAfter: now + .seconds(3650 * 86_400))
            return try Authority(name, key: key, listener: listenerKey, validity)
        }

        fileprivate init(_ name: String, _ id: PeerID, _ validity: Validity) throws {
            (self.name, self.id) = (name, id)
            spareKeys = try (0..<6).map { _ in try PrivateKey.generateP256() }
            listenerKey = try PrivateKey.generateP256().publicKey
            authority = try Authority(
                name, key: try PrivateKey.generateP256(), listener: listenerKey, validity)
            federation = try authority.own.issue(.federation(id), validity: validity).certificate
        }
    }

    struct Birth: Sendable {
        let row: AgentID
        let uid: InstanceUID
        let key: PrivateKey
        let leaf: Certificate
        /// Ends so soon that the agent asks for another one at once.
        let endingLeaf: Certificate
        let request: String
    }

    let start = TestClock.start
    let places: [Place]
    let births: [Birth]
    /// Of the first server's CA, for a row that nobody has.
    let strangerLeaf: Certificate

    private init() {
        do {
            let validity = Validity(
                notBefore: start - .seconds(86_400 * 30), notAfter: start + .seconds(86_400 * 3650))
            let places = try ["eu", "us", "ap"].enumerated().map { number, name in
                try Place(name, .init(repeating: UInt8(0xA0 + number)), validity)
            }
            let start = start
            births = try (0..<3).map { try Self.birth(UInt8($0 + 1), at: places[0], start) }
            strangerLeaf = try Self.birth(99, at: places[0], start).leaf
            self.places = places
        } catch {
            preconditionFailure("the simulated places could not be made: \(error)")
        }
    }

    private static func birth(_ byte: UInt8, at place: Place, _ start: Timestamp) throws -> Birth {
        let key = try PrivateKey.generateP256()
        let row = AgentID(repeating: byte)
        func leaf(days: Int) throws -> Certificate {
            try place.authority.own.issue(
                .agentLeaf(row), over: key.publicKey,
                validity: Validity(
                    notBefore: start - .seconds(86_400 * 30), notAfter: start + .seconds(86_400 * days)))
        }
        return Birth(
            row: row, uid: .init(repeating: 0x50 + byte), key: key, leaf: try leaf(days: 500),
            endingLeaf: try leaf(days: 20), request: try SigningRequest(key: key, subject: "agent").pem)
    }

    /// What a peer has recorded of a server when it pasted it.
    func pasted(_ server: Int) -> PeerTrust {
        do {
            let authorities = [places[server].authority.certificate]
            return PeerTrust(
                serverCAs: try ServerCAs(authorities), agentCAs: try AgentCAs(authorities),
                tokenSigners: try TokenSigners(authorities))
        } catch {
            preconditionFailure("one CA is a trust set: \(error)")
        }
    }

    /// As a peer with this trust has recorded a server.
    func record(of server: Int, trust: PeerTrust, at endpoint: Endpoint) -> PeerRecord {
        let place = places[server]
        return PeerRecord(
            name: place.name, endpoint: place.endpoint(isPolling: true), id: place.id, pin: PeerPin(place.federation),
            trust: trust, opampEndpoint: endpoint, inbound: InboundSecret(digest: [1]),
            outbound: OutboundSecret(sealed: [2], digest: [2]), lastContact: start)
    }

    /// An agent enrolled at the first server, as its configuration file says.
    func configuration(of agent: Int, leaf: Certificate, isPolling: Bool) -> AgentConfiguration {
        let birth = births[agent]
        let place = places[0]
        return AgentConfiguration(
            server: ServerSettings(
                settings: ConnectionSettings(
                    endpoint: place.endpoint(isPolling: isPolling),
                    trust: ServerTrust(anchors: CertificateBundle([place.authority.certificate])),
                    leaf: LeafChain(leaf: leaf)),
                tokenSigners: pasted(0).tokenSigners),
            report: OwnReport(
                description: AgentDescription(identifyingAttributes: [
                    KeyValue(key: "service.instance.id", value: .string(""))
                ]),
                health: ComponentHealth(healthy: true)),
            identity: HeldIdentity(publicKey: birth.key.publicKey, signingRequest: birth.request))
    }

    /// The row that this agent has at the first server.
    func enrolledRow(of agent: Int, leaf: Certificate) -> AgentRecord {
        let birth = births[agent]
        return AgentRecord(
            id: birth.row, displayName: "agent \(agent)", instanceUID: birth.uid, leaf: leaf,
            capabilities: .handoverDefault)
    }
}
