package import Vocabulary

/// A method of HTTP, as far as this interface uses it.
package enum RouteMethod: String, Hashable, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
}

/// A request without a body, or an answer without one (204).
package struct NoContent: Codable, Hashable, Sendable {
    package init() {}
}

/// One method and path of the HTTP interface, the body that it takes and the answer that it gives.
///
/// The server registers it, a client fills it in and calls it, and the OpenAPI document describes it: the types, the
/// path and the names of the query are written here only.
package struct Route<Body: Codable & Sendable, Answer: Codable & Sendable>: DescribedRoute {
    package let method: RouteMethod
    /// A path with placeholders in braces, for example `/api/agents/{id}`.
    package let template: String
    package let query: [QueryName]

    package init(_ method: RouteMethod, _ template: String, query: [QueryName] = []) {
        self.method = method
        self.template = template
        self.query = query
    }

    /// A call of this route.
    ///
    /// - Parameters:
    ///   - values: for the placeholders, in order. The server refuses by name what is not a name.
    ///   - query: only names that the route takes; `nil` leaves one out.
    package func callAsFunction(_ values: String..., query: [QueryName: String?] = [:]) -> RouteCall<Body, Answer> {
        var remaining = values[...]
        let segments = template.split(separator: "/", omittingEmptySubsequences: false).map { segment in
            segment.hasPrefix("{") ? remaining.popFirst().map(PercentEncoding.encoded) ?? "{" : String(segment)
        }
        precondition(remaining.isEmpty && !segments.contains("{"), "\(template) filled with \(values)")
        precondition(query.keys.allSatisfy(self.query.contains), "\(template) does not take all of \(query)")
        let target = RouteTarget(
            method: method, path: segments.joined(separator: "/"), query: query.compactMapValues { $0 })
        return RouteCall(target: target, accepted: self.query)
    }

    package var description: RouteDescription {
        RouteDescription(
            method: method, template: template, query: query, body: Self.name(of: Body.self),
            answer: Self.name(of: Answer.self))
    }

    package var schemas: [String: JSON] {
        [Self.schemas(of: Body.self), Self.schemas(of: Answer.self)].reduce(into: [:]) { all, schemas in
            all.merge(schemas) { first, _ in first }
        }
    }

    private static func name(of type: any Any.Type) -> String? {
        type == NoContent.self ? nil : BodySchema.name(of: type)
    }

    private static func schemas(of type: (some Decodable).Type) -> [String: JSON] {
        type == NoContent.self ? [:] : BodySchema.components(of: type)
    }
}

package protocol DescribedRoute: Sendable {
    var description: RouteDescription { get }
    /// The types of its body and answer, and all that these contain, by name.
    var schemas: [String: JSON] { get }
}

/// A route without its types, for everything that treats all routes alike.
package struct RouteDescription: Hashable, Sendable {
    package let method: RouteMethod
    package let template: String
    package let query: [QueryName]
    /// The names of the types; absent where there is no content.
    package let body: String?
    package let answer: String?

    package var placeholders: [String] {
        template.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }
}

/// One call of a route, ready to be sent.
package struct RouteCall<Body: Codable & Sendable, Answer: Codable & Sendable>: Sendable {
    package let target: RouteTarget
    fileprivate let accepted: [QueryName]

    /// The same call for the largest page from this cursor on, where the route answers in pages.
    package func page(from cursor: String?) -> RouteCall {
        guard accepted.contains(.cursor) else { return self }
        var target = target
        target.query[.cursor] = cursor
        target.query[.limit] = String(PageLimit.largest)
        return RouteCall(target: target, accepted: accepted)
    }
}

/// What a call asks for.
package struct RouteTarget: Hashable, Sendable {
    package var method: RouteMethod
    /// Encoded.
    package var path: String
    package var query: [QueryName: String]

    package init(method: RouteMethod, path: String, query: [QueryName: String] = [:]) {
        self.method = method
        self.path = path
        self.query = query
    }

    /// The path and the query, as a request contains them.
    package var text: String {
        let items = query.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            "\($0.key.rawValue)=\(PercentEncoding.encoded($0.value))"
        }
        return items.isEmpty ? path : path + "?" + items.joined(separator: "&")
    }
}

/// RFC 3986 section 2.1.
package enum PercentEncoding {
    /// For a segment of a path or a value in a query; `:` occurs in identifiers and is allowed in both (section 3.3).
    package static func encoded(_ value: String) -> String {
        value.utf8.map { byte in
            isLiteral(byte) ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    private static func isLiteral(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~:".utf8.contains(byte)
        }
    }
}
