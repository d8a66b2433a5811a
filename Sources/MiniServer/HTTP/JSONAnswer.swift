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
    func body<Body, Answer>(
        of route: Route<Body, Answer>, unknownMembers: JSONBody.UnknownMembers
    ) async throws -> Body {
        guard let bytes = try? await body.collect(upTo: Limits.jsonBytes) else { throw RequestRefusal.bodyTooLarge }
        do {
            return try JSONBody.read(from: Array(buffer: bytes), unknownMembers: unknownMembers)
        } catch let refusal as BodyRefusal {
            throw RequestRefusal(refusal)
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

extension RequestRefusal {
    fileprivate init(_ refusal: BodyRefusal) {
        self =
            switch refusal {
            case .notJSON(let refusal):
                .bodyUnreadable(reason: "it is not JSON that is accepted here: \(refusal.reason)")
            case .unknownMember(let name): .bodyUnreadable(reason: "the member \(name) is not known")
            case .missingMember(let name): .bodyUnreadable(reason: "the member \(name) is missing")
            case .wrongType(let name) where name.isEmpty: .bodyUnreadable(reason: "it is not an object")
            case .wrongType(let name): .bodyUnreadable(reason: "the member \(name) has another type")
            case .notValid(let name): .bodyUnreadable(reason: "the value of the member \(name) is not in its form")
            case .notOneOf(let name, let choices):
                .parameter(name: name, reason: "it is one of \(choices.joined(separator: ", "))")
            }
    }
}

extension JSONRefusal {
    /// Where and what, without the value.
    fileprivate var reason: String {
        switch self {
        case .tooLarge(_, let limit): "it may have \(limit) bytes"
        case .tooDeep(let limit): "values are nested deeper than \(limit) levels"
        case .notUTF8: "it is not UTF-8"
        case .duplicateName(let name): "the member \(name.printable(upTo: 100)) occurs twice"
        case .numberNotWhole(let offset): "the number at byte \(offset) is not whole"
        case .unexpected(let offset): "byte \(offset) is not expected"
        case .truncated: "its end is missing"
        }
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
