import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
package import PeerAPI
import Vocabulary

/// A call that got no answer this drill could use.
enum CallFailure: Error, CustomStringConvertible {
    /// The server said no, in its own words.
    case refused(Problem)
    case answered(status: Int, body: String)
    case unreachable(String)

    var description: String {
        switch self {
        case .refused(let problem): "\(problem.status) \(problem.operatorMessage)"
        case .answered(let status, let body): "\(status) \(body.prefix(300))"
        case .unreachable(let why): "no answer: \(why)"
        }
    }
}

/// The operator of one server, with an admin token and the server's CA, over HTTPS.
@MainActor package final class ServerClient {
    let base: String
    private let token: Secret?
    private let http: HTTPClient
    /// Every answer that was not a success, for the search for secrets in error texts.
    private(set) var errorTexts: [String] = []

    /// - Parameters:
    ///   - base: `https://127.0.0.1:PORT`.
    ///   - authorities: PEM; nothing else is trusted.
    ///   - identity: PEM of a certificate and its key, for calls that present one.
    init(base: String, token: Secret?, authorities: String, identity: (chain: String, key: Secret)? = nil) throws {
        self.base = base
        self.token = token
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authorities.utf8)))
        if let identity {
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(identity.chain.utf8)).map {
                .certificate($0)
            }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: identity.key.reveal(), format: .pem))
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.timeout = .init(connect: .seconds(3), read: .seconds(15))
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func close() async { try? await http.shutdown() }

    /// Calls a route and reads its answer.
    ///
    /// - Parameter path: the route's path filled in; the template itself when it has no placeholders.
    package func call<Answer: Decodable>(
        _ route: Route,
        _ path: String? = nil,
        query: KeyValuePairs<String, String> = [:],
        sending body: (any Encodable)? = nil,
        as answer: Answer.Type = Answer.self
    ) async throws -> Answer {
        let text = try await text(of: route, path, query: query, sending: body)
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
        } catch {
            throw WorldFailure.unreadable(
                what: "\(route.method.rawValue) \(path ?? route.template) as \(Answer.self)",
                why: "\(error) in \(text.prefix(400))")
        }
    }

    /// Calls a route for its effect.
    func order(_ route: Route, _ path: String? = nil, sending body: (any Encodable)? = nil) async throws {
        _ = try await text(of: route, path, query: [:], sending: body)
    }

    /// Reads a text that is not JSON, such as `/metrics`.
    func page(_ path: String) async throws -> String {
        let (status, body) = try await exchange(HTTPMethod.GET, path)
        guard status == 200 else { throw CallFailure.answered(status: status, body: body) }
        return body
    }

    /// All pages of a list.
    package func list<Item: Codable & Hashable & Sendable>(
        _ route: Route, _ path: String? = nil, query: [String: String] = [:], of: Item.Type = Item.self
    ) async throws -> [Item] {
        var items: [Item] = []
        var cursor: String?
        repeat {
            let address = (path ?? route.template) + Self.queryText(query.merging(cursorQuery(cursor)) { $1 })
            let page: Page<Item> = try await call(route, address)
            items += page.items
            cursor = page.nextCursor
        } while cursor != nil
        return items
    }

    /// One bare exchange, for probes that expect a refusal.
    func exchange(
        _ method: HTTPMethod,
        _ path: String,
        headers: [String: String] = [:],
        body: [UInt8]? = nil
    ) async throws -> (status: Int, body: String) {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        if let token { request.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token.revealText())") }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let body { request.body = .bytes(body) }
        do {
            let response = try await http.execute(request, timeout: .seconds(20))
            let bytes = try await response.body.collect(upTo: 32 << 20)
            let text = String(buffer: bytes)
            if response.status.code >= 400 { errorTexts.append(text) }
            return (Int(response.status.code), text)
        } catch let cancellation as CancellationError {
            throw cancellation
        } catch {
            try Task.checkCancellation()
            throw CallFailure.unreachable("\(error)")
        }
    }

    private func text(
        of route: Route,
        _ path: String?,
        query: KeyValuePairs<String, String>,
        sending body: (any Encodable)?
    ) async throws -> String {
        let address = (path ?? route.template) + Self.queryText(Dictionary(uniqueKeysWithValues: query.map { $0 }))
        let bytes = try body.map { Array(try JSONEncoder().encode($0)) }
        let (status, text) = try await exchange(
            HTTPMethod(rawValue: route.method.rawValue), address,
            headers: bytes == nil ? [:] : ["Content-Type": "application/json"], body: bytes)
        guard (200..<300).contains(status) else {
            if let problem = try? JSONDecoder().decode(Problem.self, from: Data(text.utf8)) {
                throw CallFailure.refused(problem)
            }
            throw CallFailure.answered(status: status, body: text)
        }
        return text
    }

    private func cursorQuery(_ cursor: String?) -> [String: String] {
        [QueryNames.limit: "\(QueryNames.largestLimit)"].merging(cursor.map { [QueryNames.cursor: $0] } ?? [:]) { $1 }
    }

    private static func queryText(_ query: [String: String]) -> String {
        guard !query.isEmpty else { return "" }
        var components = URLComponents()
        components.queryItems = query.sorted { $0.key < $1.key }.map { URLQueryItem(name: $0.key, value: $0.value) }
        return "?" + (components.percentEncodedQuery ?? "")
    }
}
