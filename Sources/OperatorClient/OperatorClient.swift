import AsyncHTTPClient
import Certificates
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
package import ServerAPI
package import Vocabulary

/// Calls the HTTP interface of one server: as its operator with a token, or as anybody without one.
package struct OperatorClient: Sendable {
    /// `https://host:port`.
    package let base: String
    private let token: Secret?
    private let http: HTTPClient
    private let hearsRefusal: (@Sendable (String) -> Void)?

    /// - Parameters:
    ///   - authorities: PEM, and then nothing else is trusted; `nil` for the system's roots.
    ///   - identity: PEM of a certificate and its key, for calls that present one.
    ///   - hearsRefusal: is given the text of every answer that is not a success.
    package init(
        base: String, token: Secret?, authorities: String?, identity: (chain: String, key: Secret)? = nil,
        hearsRefusal: (@Sendable (String) -> Void)? = nil
    ) throws {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.token = token
        self.hearsRefusal = hearsRefusal
        var tls = TLSConfiguration.makeClientConfiguration()
        var anchors: [Certificate] = []
        if let authorities {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authorities.utf8)))
            // BoringSSL ends a chain at a self-signed CA only; an intermediate without its root is one for us as well.
            let given = (try? CertificateBundle(pem: authorities))?.certificates ?? []
            if given.contains(where: { authority in !given.contains { $0.subject == authority.issuer } }) {
                anchors = given
                tls.certificateVerification = .none
            }
        }
        if let identity {
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(identity.chain.utf8)).map {
                .certificate($0)
            }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: identity.key.reveal(), format: .pem))
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: .seconds(30)))
        configuration.connectionPool.retryConnectionEstablishment = false
        if !anchors.isEmpty {
            guard let host = URLComponents(string: self.base)?.host else {
                throw CallFailure.unreachable("\(self.base) names no host")
            }
            let name = host.trimmingCharacters(in: ["[", "]"])
            configuration.http1_1ConnectionDebugInitializer = { [anchors] channel in
                channel.eventLoop.makeCompletedFuture { try Self.check(channel, isNamed: name, anchors: anchors) }
            }
            configuration.httpVersion = .http1Only
        }
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// After the handshake and before anything is sent.
    private static func check(_ channel: any Channel, isNamed host: String, anchors: [Certificate]) throws {
        let handler = try channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
        let leaf = try handler.peerCertificate.map { try Certificate(der: try $0.toDERBytes()) }
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let problems =
            leaf.map { ChainCheck.problems(leaf: $0, anchors: anchors, purpose: .server(host: host), at: now) }
            ?? [.untrusted]
        if let problem = problems.first {
            channel.eventLoop.execute { channel.close(promise: nil) }
            throw CallFailure.unreachable(problem.operatorMessage.description)
        }
    }

    /// Has to be called before the last reference goes away.
    package func close() async { try? await http.shutdown() }

    /// Calls a route without a body and reads its answer.
    ///
    /// - Throws: `CallFailure`.
    @discardableResult
    package func call<Answer>(_ call: RouteCall<NoContent, Answer>) async throws -> Answer {
        try read(try await success(call.target), of: call)
    }

    /// Calls a route with a body and reads its answer.
    ///
    /// - Throws: `CallFailure`.
    @discardableResult
    package func call<Body, Answer>(_ call: RouteCall<Body, Answer>, sending body: Body) async throws -> Answer {
        try read(try await success(call.target, sending: try JSONEncoder().encode(body)), of: call)
    }

    /// Every page of a list.
    package func list<Item>(_ call: RouteCall<NoContent, Page<Item>>) async throws -> [Item] {
        var (items, cursor): ([Item], String?) = ([], nil)
        repeat {
            let page = try await self.call(call.page(from: cursor))
            items += page.items
            cursor = page.nextCursor
        } while cursor != nil
        return items
    }

    private func read<Body, Answer>(_ bytes: [UInt8], of call: RouteCall<Body, Answer>) throws -> Answer {
        do {
            // An answer without content is a value without members.
            return try JSONDecoder().decode(Answer.self, from: bytes.isEmpty ? Data("{}".utf8) : Data(bytes))
        } catch {
            throw CallFailure.unreadable(
                what: "\(call.target.method.rawValue) \(call.target.path) as \(Answer.self)",
                why: "\(error) in \(String(decoding: bytes.prefix(400), as: UTF8.self))")
        }
    }

    /// A page that is no JSON, such as `/metrics`.
    package func text(_ path: String) async throws -> String {
        String(decoding: try await success(RouteTarget(method: .get, path: path)), as: UTF8.self)
    }

    /// One bare exchange, whatever the answer is.
    package func exchange(
        _ target: RouteTarget, headers: [String: String] = [:], body: [UInt8]? = nil
    ) async throws -> (status: Int, body: [UInt8]) {
        var request = HTTPClientRequest(url: base + target.text)
        request.method = HTTPMethod(rawValue: target.method.rawValue)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token.revealText())") }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let body { request.body = .bytes(body) }
        do {
            let response = try await http.execute(request, timeout: .seconds(30))
            let bytes = Array(buffer: try await response.body.collect(upTo: 64 << 20))
            if response.status.code >= 400 { hearsRefusal?(String(decoding: bytes, as: UTF8.self)) }
            return (Int(response.status.code), bytes)
        } catch {
            try Task.checkCancellation()
            throw CallFailure.unreachable("\(error)")
        }
    }

    private func success(_ target: RouteTarget, sending content: Data? = nil) async throws -> [UInt8] {
        let (status, bytes) = try await exchange(
            target, headers: content == nil ? [:] : ["Content-Type": "application/json"],
            body: content.map { Array($0) })
        guard (200..<300).contains(status) else {
            if let problem = try? JSONDecoder().decode(Problem.self, from: Data(bytes)) {
                throw CallFailure.refused(problem)
            }
            throw CallFailure.answered(status: status, body: String(decoding: bytes, as: UTF8.self))
        }
        return bytes
    }
}
