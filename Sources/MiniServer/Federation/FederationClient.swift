import AsyncHTTPClient
import Certificates
import Foundation
import HTTPTypes
import HandoverToken
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import PeerAPI
import PeerCore
import Vocabulary

/// Calls peers, with both factors and within the deadlines; every call is counted, audited, and seen on the peer's row.
final class FederationClient: Sendable {
    let site: Site
    private let lines = PeerLines()

    static let callDeadline = TimeAmount.seconds(5)

    init(site: Site) {
        self.site = site
    }

    func shutDown() async { await lines.shutDown() }

    /// One question to a peer.
    struct Question: Sendable {
        var route: Route
        /// The route's path filled in, and its query.
        var path: String
        var body: [UInt8]?
        /// The trace that it belongs to; a handover's calls are one trace on both sides.
        var traceID: String?

        init(_ route: Route, path: String? = nil, body: [UInt8]? = nil, traceID: String? = nil) {
            self.route = route
            self.path = path ?? route.template
            self.body = body
            self.traceID = traceID
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

        var problem: PeerAPI.Problem? {
            try? JSONDecoder().decode(PeerAPI.Problem.self, from: Data(body))
        }
    }

    /// Asks, counts, audits and notes.
    ///
    /// - Throws: `CallObstacle` or `HandoverRefusal.peerDisabled` when nothing was sent.
    func ask(_ question: Question, of peer: PeerRecord, by context: AuditContext = .server) async throws -> Reply {
        guard peer.enabled else { throw HandoverRefusal.peerDisabled(peer.name) }
        let identity = try await site.database.read { [site] in try site.authority.federationIdentityInUse($0) }
        guard let identity else { throw CallObstacle.noCertificate }
        guard let outbound = peer.outbound else { throw CallObstacle.noSecret(peer: peer.name) }
        let secret = try site.authority.sealing.open(outbound.sealed, for: .outboundSecret(peer.id))
        let client = try lines.client(for: peer, as: identity, sealing: site.authority.sealing)
        let trace = TraceContext(traceID: question.traceID ?? context.traceID)

        var request = HTTPClientRequest(url: url(question.path, of: peer))
        request.method = HTTPMethod(rawValue: question.route.method.rawValue)
        request.headers.add(name: "Authorization", value: "Bearer \(secret.revealText())")
        request.headers.add(name: TraceContext.header, value: trace.text)
        if let body = question.body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
        }
        let reply = await exchange(request, client, peer)
        site.metrics.countFederationCall(peer: peer.name, direction: .outbound, outcome: reply.outcome.metricLabel)
        var traced = context
        traced.traceID = trace.traceID
        await note(reply, question, peer, traced)
        return reply
    }

    private func url(_ path: String, of peer: PeerRecord) -> String {
        let base = peer.endpoint.description
        return (base.hasSuffix("/") ? String(base.dropLast()) : base) + path
    }

    private func exchange(_ request: HTTPClientRequest, _ client: HTTPClient, _ peer: PeerRecord) async -> Reply {
        let start = ContinuousClock.now
        do {
            let response = try await client.execute(request, deadline: .now() + Self.callDeadline)
            let body = try await response.body.collect(upTo: Limits.jsonBytes)
            var reply = Reply(outcome: .answered(milliseconds: start.duration(to: .now).roundedMilliseconds))
            reply.status = Int(response.status.code)
            reply.body = Array(buffer: body)
            switch reply.status {
            case 401: reply.outcome = .secretNotAccepted
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
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError, is PeerLines.OtherHost:
            let chain = await PresentedChain.dial(host: peer.endpoint.host, port: Int(peer.endpoint.port))
            let problems =
                chain.first.map { leaf in
                    ChainCheck.problems(
                        leaf: leaf, intermediates: Array(chain.dropFirst()), anchors: peer.trust.serverCAs.certificates,
                        purpose: .server(host: peer.endpoint.host), at: site.now())
                } ?? []
            return Reply(outcome: .tls(problems, detail: "\(error)"), presented: chain)
        default:
            return Reply(outcome: .unreachable(detail: "\(error)"))
        }
    }

    /// Audit entry and peer row in one transaction; a call is not undone because it could not be noted.
    private func note(_ reply: Reply, _ question: Question, _ peer: PeerRecord, _ context: AuditContext) async {
        let now = site.now()
        let path = question.path.prefix { $0 != "?" }
        let fact = AuditFact(
            .peerCalled, entityType: "peer", entityID: peer.name, after: reply.outcome.metricLabel,
            additional: .members([
                "peerId": .string(peer.id.description), "method": .string(question.route.method.rawValue),
                "path": .string(String(path)), "status": .integer(Int64(reply.status)),
            ]))
        do {
            try await site.database.write { tables in
                try tables.audit.append(fact, context: context, at: now)
                guard var row = try tables.peers.find(peer.id) else { return }
                if reply.status > 0 { row.lastContact = now }
                row.lastError = reply.outcome.failure.map(\.cause)
                try tables.peers.save(row)
            }
        } catch {
            site.log.error("call not audited", metadata: ["peer": "\(peer.name)", "reason": "\(error.explained)"])
        }
    }
}

extension Duration {
    fileprivate var roundedMilliseconds: Int { Int(clamping: wholeMilliseconds) }
}
