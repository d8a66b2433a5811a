import PeerAPI
import PeerClient
import Vocabulary

/// The operator interface of one server, its failures in the words of a command.
struct OperatorClient {
    private let client: PeerClient

    /// - Parameter authorities: PEM, and then nothing else is trusted; `nil` for the system's roots.
    init(base: String, token: Secret?, authorities: String?) throws {
        client = try PeerClient(base: base, token: token, authorities: authorities)
    }

    func close() async { await client.close() }

    /// - Parameter path: the route's path filled in; absent for a route without placeholders.
    func call<Answer: Decodable & Sendable>(
        _ route: Route, _ path: String? = nil, query: [String: String?] = [:],
        sending body: (any Encodable & Sendable)? = nil, as type: Answer.Type = Answer.self
    ) async throws -> Answer {
        try await explained { try await client.call(route, path, query: query, sending: body) }
    }

    func order(
        _ route: Route, _ path: String? = nil, sending body: (any Encodable & Sendable)? = nil
    ) async throws {
        try await explained { try await client.order(route, path, sending: body) }
    }

    /// Every page of a list.
    func list<Item: Codable & Hashable & Sendable>(
        _ route: Route, _ path: String? = nil, query: [String: String?] = [:], of type: Item.Type = Item.self
    ) async throws -> [Item] {
        try await explained { try await client.list(route, path, query: query) }
    }

    /// A page that is no JSON and needs no token.
    func text(_ path: String) async throws -> String {
        try await explained { try await client.text(path) }
    }

    private func explained<Answer>(_ call: () async throws -> Answer) async throws -> Answer {
        do {
            return try await call()
        } catch let failure as CallFailure {
            throw CommandFailure(failure, at: client.base)
        }
    }
}

extension CommandFailure {
    fileprivate init(_ failure: CallFailure, at base: String) {
        switch failure {
        case .refused(let problem): self.init(problem.operatorMessage)
        case .answered(let status, _):
            self.init(
                code: "client.status-\(status)", cause: "The server answered \(status).",
                nextAction: "Read the server's log.")
        case .unreadable:
            self.init(
                code: "client.unreadable", cause: "The server's answer is not of the expected form.",
                nextAction: "Compare the versions of mini-server here and there.")
        case .unreachable(let why):
            self.init(
                code: "client.unreachable", title: "The server cannot be reached", cause: "\(base): \(why)",
                nextAction: "Check that it runs, its URL and the CA (--server, --ca or --context).")
        }
    }
}
