import PeerAPI
import Vocabulary

/// The OpenAPI document of this server, made from the route tables so that it cannot name a path that is not there.
enum APIDescription {
    static var document: JSONValue {
        .object([
            "openapi": .string("3.1.0"),
            "info": .object(["title": .string("mini-server"), "version": .string(OperatorInterface.version)]),
            "paths": .object(pathItems),
            "components": .object(["securitySchemes": .object(schemes)]),
        ])
    }

    /// Every path that the document describes.
    static var paths: Set<String> { Set(pathItems.keys) }

    private static var pathItems: [String: JSONValue] {
        var paths: [String: JSONValue] = [:]
        for (routes, tag) in [(OperatorRoutes.all, "operator"), (FederationRoutes.all, "federation")] {
            for route in routes {
                let operation = operation(route, tag: tag)
                var methods: [String: JSONValue] = [:]
                if case .object(let known)? = paths[route.template] { methods = known }
                methods[route.method.rawValue.lowercased()] = operation
                paths[route.template] = .object(methods)
            }
        }
        return paths
    }

    private static let schemes: [String: JSONValue] = [
        "operator": .object(["type": .string("http"), "scheme": .string("bearer")]),
        "federation": .object(["type": .string("http"), "scheme": .string("bearer")]),
        "certificate": .object(["type": .string("mutualTLS")]),
    ]

    private static func operation(_ route: Route, tag: String) -> JSONValue {
        let names = route.template.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
        let needs: [String: JSONValue] =
            tag == "federation" ? ["federation": .array([]), "certificate": .array([])] : ["operator": .array([])]
        return .object([
            "tags": .array([.string(tag)]),
            "security": .array([.object(needs)]),
            "parameters": .array(
                names.map { name in
                    .object([
                        "name": .string(String(name)), "in": .string("path"), "required": .bool(true),
                        "schema": .object(["type": .string("string")]),
                    ])
                }),
            "responses": .object([
                "2XX": .object(["description": .string("The answer.")]),
                "default": .object([
                    "description": .string("A problem in the form of RFC 9457."),
                    "content": .object([PeerAPI.Problem.contentType: .object([:])]),
                ]),
            ]),
        ])
    }
}

/// JSON to be written.
indirect enum JSONValue: Encodable, Sendable {
    case string(String)
    case bool(Bool)
    case array([JSONValue])
    case object([String: JSONValue])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }
}
