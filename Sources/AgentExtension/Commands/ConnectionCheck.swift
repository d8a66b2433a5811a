import AgentCore
import Certificates
import ClientTransport
import DurableFiles
public import Vocabulary

/// Dials the server an agent would dial now and says what was verified; no OpAMP message is sent. Over HTTP the path is
/// tried with a POST whose body is no message, so that no server takes it for the agent.
public struct ConnectionCheck: Sendable {
    private let dial: Dial
    private let key: PrivateKey?
    private let isConfigured: Bool
    private let terms: HandoverTerms
    private let proxy: HostProxy

    /// - Throws: `StateFailure` when there is a state and it cannot be read.
    public init(_ configuration: HostConfiguration) throws(StateFailure) {
        do throws(FileFailure) {
            try PrivateDirectory.checkParent(of: configuration.stateDirectory)
        } catch {
            throw .file(error)
        }
        let state = try AgentStatus(of: configuration).state
        let settings =
            state.map { $0.hasAdopted ? $0.active.settings : configuration.server.settings }
            ?? configuration.server.settings
        isConfigured = settings.endpoint == configuration.server.settings.endpoint
        dial = Dial(settings: settings, extraHeaders: [])
        proxy = configuration.proxy
        let server = state.flatMap { $0.active.settings == settings ? $0.active : nil } ?? configuration.server
        terms = HandoverTerms(server: server, policy: configuration.policy, state: state)
        if let key = configuration.key {
            self.key = key
        } else {
            key = try StateDirectory.readKey(in: configuration.stateDirectory)
        }
    }

    /// - Throws: `StateFailure` without a network loop.
    public func run() async throws -> CheckReport {
        let settings = DialSettings(dial, key: key, proxy: proxy)
        let loop: EventLoop
        do { loop = try EventLoop(connectionLimit: 4) } catch { throw StateFailure.transport(error) }
        defer { loop.shutDown() }
        let outcome = await CheckDial(loop).outcome(of: settings)
        return CheckReport(
            dial.settings, isConfigured: isConfigured, proxy: ProxyInUse(of: dial.settings, on: proxy), terms: terms,
            outcome: outcome)
    }
}

/// One upgrade or request, and what became of it.
private actor CheckDial {
    enum Outcome: Sendable {
        case webSocket(WebSocketEvent)
        case http(Result<HTTPAnswer, DialFailure>)
    }

    /// No message begins so: the first byte would be the field with the number 0, which does not exist.
    private static let noMessage: [UInt8] = [0]

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.forActors }
    private let dialer: Dialer
    private var connection: WebSocketConnection?
    private var http: HTTPConnection?
    private var waiter: CheckedContinuation<Outcome, Never>?

    init(_ loop: EventLoop) {
        self.loop = loop
        dialer = Dialer(loop: loop)
    }

    func outcome(of settings: DialSettings) async -> Outcome {
        await withCheckedContinuation { continuation in
            waiter = continuation
            if settings.endpoint.isWebSocket {
                connection = dialer.openWebSocket(settings) { self.heard(.webSocket($0)) }
            } else {
                http = dialer.openHTTP(settings)
                http?.post(body: Self.noMessage) { self.heard(.http($0)) }
            }
        }
    }

    private func heard(_ outcome: Outcome) {
        waiter?.resume(returning: outcome)
        waiter = nil
        connection?.close()
        http?.close()
    }
}

/// What a check found.
public struct CheckReport: Sendable {
    private let settings: ConnectionSettings
    private let isConfigured: Bool
    private let proxy: ProxyInUse?
    private let terms: HandoverTerms
    private let presented: [Certificate]
    private let tlsVersion: String?
    private let failure: DialFailure?

    fileprivate init(
        _ settings: ConnectionSettings, isConfigured: Bool, proxy: ProxyInUse?, terms: HandoverTerms,
        outcome: CheckDial.Outcome
    ) {
        self.settings = settings
        self.proxy = proxy
        self.terms = terms
        self.isConfigured = isConfigured
        let facts: TLSFacts?
        switch outcome {
        case .webSocket(.opened(let tls)): (facts, failure) = (tls, nil)
        case .webSocket(.failed(let failed)), .http(.failure(let failed)): (facts, failure) = (nil, failed)
        case .webSocket(.message), .webSocket(.closed):
            (facts, failure) = (nil, DialFailure(.protocol, "the server closed the connection at once"))
        case .http(.success(let answer)):
            (facts, failure) = (
                answer.tls,
                answer.isOpAMP ? nil : DialFailure(.protocol, "what answers at this path is not an OpAMP server")
            )
        }
        tlsVersion = facts?.version ?? failure?.tlsVersion
        presented = (facts?.peerChain ?? failure?.presentedChain ?? []).compactMap { try? Certificate(der: $0) }
    }

    /// Over HTTP a server answers what is no message with 400, once everything else was good.
    public var isGood: Bool {
        failure == nil || !settings.endpoint.isWebSocket && failure?.cause == .http(status: 400)
    }

    private var anchors: [Certificate] { settings.trust.anchors.certificates }

    public var json: JSON {
        .members([
            "endpoint": .string(settings.endpoint.description),
            "from_configuration": .bool(isConfigured),
            "proxy": proxy?.json,
            "good": .bool(isGood),
            "cause": isGood ? nil : failure.map { .string($0.cause.code) },
            "detail": failure.map { .string($0.detail) },
            "http_status": failure?.httpStatus.map { .integer(Int64($0)) },
            "tls_version": tlsVersion.map(JSON.string),
            "server_chain": .array(
                presented.map { certificate in
                    .members([
                        "subject": .string(certificate.subject),
                        "fingerprint": .string(certificate.fingerprint.description),
                        "not_after": .string(certificate.notAfter.description),
                        "names": .array((certificate.dnsNames + certificate.ipAddresses).map(JSON.string)),
                    ])
                }),
            "trusted_cas": .array(anchors.filter(\.isCA).map { .string($0.fingerprint.description) }),
            "not_cas": .array(anchors.filter { !$0.isCA }.map { .string($0.fingerprint.description) }),
            "trusts_system": .bool(settings.trust.includesSystemRoots),
            "leaf": settings.leaf.map { .string($0.leaf.fingerprint.description) },
            "handover": terms.json,
        ])
    }

    public var text: String {
        var lines = [
            "endpoint      \(settings.endpoint)" + (isConfigured ? "" : " (adopted; not the one in the file)"),
            "verified by   "
                + (anchors.map {
                    "\($0.subject.printable(upTo: 200)) (sha256 \($0.fingerprint)\($0.isCA ? "" : "; no CA: verifies nothing"))"
                }
                + (settings.trust.includesSystemRoots ? ["the system's CA certificates"] : []))
                .joined(separator: ", "),
            "proxy         " + (proxy?.text ?? "none"),
            "presented     " + (settings.leaf.map { "certificate sha256 \($0.leaf.fingerprint)" } ?? "no certificate"),
        ]
        for certificate in presented {
            let names = (certificate.dnsNames + certificate.ipAddresses).joined(separator: " ")
            lines.append(
                "server chain  \(certificate.subject.printable(upTo: 200)), names \(names.isEmpty ? "none" : names), until \(certificate.notAfter), sha256 \(certificate.fingerprint)"
            )
        }
        if let tlsVersion {
            let verified =
                settings.skipsVerification
                ? "nothing verified: insecure_skip_verify" : "host name and chain verified"
            lines.append("TLS           \(tlsVersion), \(verified)")
        }
        lines.append(isGood ? "result        good" : "result        \(failure.map { "\($0.operatorMessage)" } ?? "")")
        lines += ["", "a handover would verify"]
        lines += terms.rows.map { row in
            "  " + row.name + String(repeating: " ", count: max(1, 14 - row.name.count)) + row.value
        }
        return lines.joined(separator: "\n")
    }
}
