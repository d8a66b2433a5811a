import AsyncHTTPClient
import Certificates
import Foundation
import HTTPTypes
import HandoverToken
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import Synchronization
import Vocabulary

/// Calls peers, with both factors and within the deadlines; every call is counted, audited, and seen on the peer's row.
final class FederationClient: Sendable {
    let server: ServerContext
    private let lines = PeerConnections()
    private let callDeadline: TimeAmount
    /// The version of the last trust statement of this server that each peer has accepted.
    let told = Mutex<[PeerID: Int64]>([:])

    init(server: ServerContext, callDeadline: TimeAmount = .seconds(5)) {
        (self.server, self.callDeadline) = (server, callDeadline)
    }

    func shutDown() async { await lines.shutDown() }

    /// One question to a peer.
    struct Question: Sendable {
        var target: RouteTarget
        var body: [UInt8]?
        /// The trace that it belongs to; a handover's calls are one trace on both sides.
        var traceID: String?

        init<Answer>(_ call: RouteCall<NoContent, Answer>, traceID: String? = nil) {
            (target, self.traceID) = (call.target, traceID)
        }

        init<Body, Answer>(_ call: RouteCall<Body, Answer>, sending body: Body, traceID: String? = nil) throws {
            (target, self.traceID) = (call.target, traceID)
            self.body = Array(try JSONEncoder().encode(body))
        }
    }

    /// What came back.
    struct Reply: Sendable {
        var outcome: PingOutcome
        /// 0 when there was no answer.
        var status = 0
        var body: [UInt8] = []
        /// After a failed handshake: whom the peer presented.
        var presented: [Certificate] = []

        var problem: ServerAPI.Problem? {
            try? JSONDecoder().decode(ServerAPI.Problem.self, from: Data(body))
        }

        /// What the route answers; `nil` when the body is something else.
        func answer<Body, Answer>(to call: RouteCall<Body, Answer>) -> Answer? {
            try? JSONDecoder().decode(Answer.self, from: Data(self.body))
        }

        /// The peer itself said so, before it looked at anything else: the same call may be made with another one.
        var refusesCertificate: Bool { status == 403 && problem?.code == FederationCode.certificateNotAccepted.code }

        /// The peer has gone on to the secret, or beyond.
        var acceptsCertificate: Bool {
            switch outcome {
            case .answered, .secretNotAccepted, .tooManyWrongSecrets: !refusesCertificate
            case .certificateNotAccepted, .serverError, .notAPeer, .otherPeer, .tls, .unreachable, .timedOut: false
            }
        }
    }

    /// Asks, counts, audits and notes.
    ///
    /// - Parameter verdict: what an answer is worth when its status says nothing against it; noted like the rest.
    /// - Throws: `PeerCallError` or `HandoverRefusal.peerDisabled` when nothing was sent.
    func ask(
        _ question: Question, of peer: PeerRecord, by context: AuditContext = .server,
        judging verdict: @Sendable (Reply) -> PingOutcome = { $0.outcome }
    ) async throws -> Reply {
        guard peer.enabled else { throw HandoverRefusal.peerDisabled(peer.name) }
        var traced = context
        traced.traceID = question.traceID ?? context.traceID ?? TraceContext().traceID
        let identities = try await identities(for: peer)
        var refused: Reply?
        for identity in identities {
            let reply = try await call(question, of: peer, as: identity, by: traced, judging: verdict)
            if reply.acceptsCertificate { server.calls.note(peer.id, accepts: identity.certificate.fingerprint) }
            guard reply.refusesCertificate else { return reply }
            // The others may be pinned there: each peer may have been given another one.
            refused = refused ?? reply
        }
        guard let refused else { throw PeerCallError.noCertificate }
        return refused
    }

    /// The one that the peer accepted last comes first, then the newest.
    private func identities(for peer: PeerRecord) async throws -> [FederationIdentity] {
        let (authority, now) = (server.authority, server.now())
        let all = try server.database.look { try authority.federationIdentities($0) }
            .filter { $0.isValid(at: now) }
        let last = server.calls.current(peer).acceptedCertificate
        return all.filter { $0.certificate.fingerprint == last } + all.filter { $0.certificate.fingerprint != last }
    }

    /// The peer names the certificate of this server that was registered there last. The next call presents it, so that
    /// the overlap of the previous one begins.
    func prefer(_ pinned: Fingerprint?, for peer: PeerRecord) async throws {
        guard let pinned, try await identities(for: peer).contains(where: { $0.certificate.fingerprint == pinned })
        else { return }
        server.calls.note(peer.id, accepts: pinned)
    }

    private func call(
        _ question: Question, of peer: PeerRecord, as identity: FederationIdentity, by context: AuditContext,
        judging verdict: @Sendable (Reply) -> PingOutcome
    ) async throws -> Reply {
        guard let outbound = peer.outbound else { throw PeerCallError.noSecret(peer: peer.name) }
        let secret = try server.authority.sealing.open(outbound.sealed, for: .outboundSecret(peer.id))
        let client = try lines.client(for: peer, as: identity, sealing: server.authority.sealing)

        var request = HTTPClientRequest(url: url(question.target.text, of: peer))
        request.method = HTTPMethod(rawValue: question.target.method.rawValue)
        request.headers.add(name: "Authorization", value: "Bearer \(secret.revealText())")
        request.headers.add(name: TraceContext.header, value: TraceContext(traceID: context.traceID).text)
        if let body = question.body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
        }
        var reply = await exchange(request, client, peer)
        if reply.outcome.isOK { reply.outcome = verdict(reply) }
        server.metrics.countFederationCall(peer: peer.name, direction: .outbound, outcome: reply.outcome.metricLabel)
        note(reply, question, peer, context)
        return reply
    }

    private func url(_ path: String, of peer: PeerRecord) -> String {
        let base = peer.endpoint.description
        return (base.hasSuffix("/") ? String(base.dropLast()) : base) + path
    }

    private func exchange(_ request: HTTPClientRequest, _ client: HTTPClient, _ peer: PeerRecord) async -> Reply {
        let start = ContinuousClock.now
        do {
            let (status, body) = try await withDeadline(callDeadline) { [callDeadline] in
                let response = try await client.execute(request, deadline: .now() + callDeadline)
                return (response.status, try await response.body.collect(upTo: Limits.jsonBytes))
            }
            var reply = Reply(outcome: .answered(milliseconds: start.duration(to: .now).roundedMilliseconds))
            reply.status = Int(status.code)
            reply.body = Array(buffer: body)
            switch reply.status {
            case 401: reply.outcome = .secretNotAccepted
            case 429: reply.outcome = .tooManyWrongSecrets
            case 403: reply.outcome = .certificateNotAccepted(presented: reply.problem?.presentedFingerprint)
            case 500...: reply.outcome = .serverError(status: reply.status)
            case 300..<400: reply.outcome = .notAPeer(status: reply.status)
            default: break
            }
            return reply
        } catch is NIOTooManyBytesError {
            return Reply(outcome: .notAPeer(status: 200))
        } catch {
            return await failure(error, peer, after: start.duration(to: .now).roundedMilliseconds)
        }
    }

    private func failure(_ error: any Error, _ peer: PeerRecord, after milliseconds: Int) async -> Reply {
        let timeouts: [HTTPClientError] = [
            .connectTimeout, .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout,
        ]
        switch error {
        case let error as HTTPClientError where timeouts.contains(error):
            return Reply(outcome: .timedOut(milliseconds: milliseconds))
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError, is PeerConnections.NotAccepted:
            let chain = await PresentedChain.dial(host: peer.endpoint.host, port: Int(peer.endpoint.port))
            let problems =
                chain.first.map { leaf in
                    ChainCheck.problems(
                        leaf: leaf, intermediates: Array(chain.dropFirst()), anchors: peer.trust.serverCAs.certificates,
                        purpose: .server(host: peer.endpoint.host), at: server.now())
                } ?? []
            return Reply(outcome: .tls(problems, detail: "\(error)"), presented: chain)
        default:
            return Reply(outcome: .unreachable(detail: "\(error)"))
        }
    }

    private func note(_ reply: Reply, _ question: Question, _ peer: PeerRecord, _ context: AuditContext) {
        let now = server.now()
        let fact = AuditFact(
            .peerCalled, entityType: "peer", entityID: peer.name, after: reply.outcome.metricLabel,
            additional: .members([
                "peerId": .string(peer.id.description), "method": .string(question.target.method.rawValue),
                "path": .string(question.target.path), "status": .integer(Int64(reply.status)),
            ]))
        server.calls.note(fact, context, at: now)
        server.calls.note(
            peer.id, succeeded: reply.outcome.isOK, error: reply.outcome.failure.map(\.cause), at: now)
    }
}

/// The client's own deadline ends with the head of the answer, and its read timeout restarts with every byte of the
/// body: a peer that sends single bytes would delay everything that waits for this call.
private func withDeadline<Answer: Sendable>(
    _ deadline: TimeAmount, _ body: @escaping @Sendable () async throws -> Answer
) async throws -> Answer {
    try await withThrowingTaskGroup(of: Answer.self) { group in
        group.addTask(operation: body)
        group.addTask {
            try await Task.sleep(for: .nanoseconds(deadline.nanoseconds))
            throw HTTPClientError.deadlineExceeded
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
}

extension Duration {
    fileprivate var roundedMilliseconds: Int { Int(clamping: wholeMilliseconds) }
}
