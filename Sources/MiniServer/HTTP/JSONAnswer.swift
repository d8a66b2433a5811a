import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServerAPI
import ServerTransport
import Vocabulary

extension Response {
    /// A value of the HTTP interface as JSON with sorted members; it may hold what no cache should keep.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = ByteBuffer(bytes: try encoder.encode(value))
        return Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: body))
    }

    static func text(_ text: String, type: String) -> Response {
        Response(status: .ok, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

extension Request {
    /// - Throws: `RequestRefusal` for a body that is too large, or not the JSON of the route's type.
    func body<Body, Answer>(of route: Route<Body, Answer>) async throws -> Body {
        guard let bytes = try? await body.collect(upTo: Limits.jsonBytes) else { throw RequestRefusal.bodyTooLarge }
        do {
            return try JSONDecoder().decode(Body.self, from: Data(Array(buffer: bytes)))
        } catch let error as DecodingError {
            throw RequestRefusal.bodyUnreadable(reason: error.reason)
        }
    }

    func query(_ name: QueryName) -> String? {
        uri.queryParameters[name.rawValue[...]].map { String($0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// How many items a page is to have.
    var pageLimit: Int {
        let wanted = query(.limit).flatMap { Int($0) } ?? PageLimit.usual
        return min(max(wanted, 1), PageLimit.largest)
    }

    var bearer: String? { headers[.authorization].flatMap { BearerToken(authorization: $0)?.reveal() } }

    /// The trace that the request belongs to, from a W3C `traceparent`.
    var traceID: String? {
        HTTPField.Name("traceparent").flatMap { headers[$0] }.flatMap(TraceContext.init)?.traceID
    }
}

extension DecodingError {
    /// Where and what, without the value.
    fileprivate var reason: String {
        let (context, what): (Context, String) =
            switch self {
            case .keyNotFound(let key, let context): (context, "the member \(key.stringValue) is missing")
            case .typeMismatch(_, let context): (context, "a member has another type")
            case .valueNotFound(_, let context): (context, "a member is null")
            case .dataCorrupted(let context): (context, "a value is not in its form")
            @unknown default: (Context(codingPath: [], debugDescription: ""), "it is not the expected JSON")
            }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return path.isEmpty ? what : "\(what) (at \(path))"
    }
}

extension Page {
    /// One page of a whole list in the order of its keys. A cursor is a place in that order, so that it stands when the
    /// item that it was made from is gone.
    init(of all: [Item], after cursor: String?, limit: Int, descending: Bool = false, key: (Item) -> String) {
        let ordered = all.map { (key: key($0), item: $0) }.sorted { descending ? $0.key > $1.key : $0.key < $1.key }
        let rest = ordered.filter { entry in
            cursor.map { descending ? entry.key < $0 : entry.key > $0 } ?? true
        }
        let shown = rest.prefix(limit)
        self.init(items: shown.map(\.item), nextCursor: rest.count > limit ? shown.last?.key : nil)
    }
}
