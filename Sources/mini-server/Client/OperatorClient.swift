import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import PeerAPI
import Vocabulary

/// Calls the operator interface of one server.
struct OperatorClient {
    let base: String
    let token: Secret?
    let http: HTTPClient

    /// - Parameter authorities: PEM, and then nothing else is trusted; `nil` for the system's roots.
    init(base: String, token: Secret?, authorities: String?) throws {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.token = token
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authorities {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authorities.utf8)))
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: .seconds(30)))
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// - Parameter path: the route's path filled in; absent for a route without placeholders.
    func call<Answer: Decodable>(
        _ route: Route, _ path: String? = nil, query: [String: String?] = [:], sending body: (any Encodable)? = nil,
        as type: Answer.Type = Answer.self
    ) async throws -> Answer {
        let bytes = try await exchange(route.method, path ?? route.template, query: query, sending: body)
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(bytes))
        } catch {
            throw CommandFailure(
                code: "client.unreadable", cause: "The server's answer is not of the expected form.",
                nextAction: "Compare the versions of mini-server here and there.")
        }
    }

    func order(_ route: Route, _ path: String? = nil, sending body: (any Encodable)? = nil) async throws {
        _ = try await exchange(route.method, path ?? route.template, sending: body)
    }

    /// Every page of a list.
    func list<Item: Codable & Hashable & Sendable>(
        _ route: Route, _ path: String? = nil, query: [String: String?] = [:], of type: Item.Type = Item.self
    ) async throws -> [Item] {
        var (items, cursor): ([Item], String?) = ([], nil)
        repeat {
            var query = query
            query[QueryNames.cursor] = cursor
            query[QueryNames.limit] = String(QueryNames.largestLimit)
            let page: Page<Item> = try await call(route, path, query: query)
            items += page.items
            cursor = page.nextCursor
        } while cursor != nil
        return items
    }

    /// A page that is no JSON and needs no token.
    func text(_ path: String) async throws -> String {
        String(decoding: try await exchange(.get, path), as: UTF8.self)
    }

    private func exchange(
        _ method: Route.Method, _ path: String, query: [String: String?] = [:], sending body: (any Encodable)? = nil
    ) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: base + path + Self.text(of: query))
        request.method = HTTPMethod(rawValue: method.rawValue)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token.revealText())") }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(try JSONEncoder().encode(body))
        }
        let status: Int
        let bytes: [UInt8]
        do {
            let response = try await http.execute(request, timeout: .seconds(30))
            status = Int(response.status.code)
            bytes = Array(buffer: try await response.body.collect(upTo: 64 << 20))
        } catch {
            throw CommandFailure(
                code: "client.unreachable", title: "The server cannot be reached", cause: "\(base): \(error)",
                nextAction: "Check that it runs, its URL and the CA (--server, --ca or --context).")
        }
        guard (200..<300).contains(status) else {
            if let problem = try? JSONDecoder().decode(Problem.self, from: Data(bytes)) {
                throw CommandFailure(problem.operatorMessage)
            }
            throw CommandFailure(
                code: "client.status-\(status)", cause: "The server answered \(status).",
                nextAction: "Read the server's log.")
        }
        return bytes
    }

    private static func text(of query: [String: String?]) -> String {
        let items = query.compactMap { name, value in value.map { URLQueryItem(name: name, value: $0) } }
        guard !items.isEmpty else { return "" }
        var components = URLComponents()
        components.queryItems = items.sorted { $0.name < $1.name }
        return "?" + (components.percentEncodedQuery ?? "")
    }
}
