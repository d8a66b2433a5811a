import ServerAPI
import ServerTransport
import Vocabulary

/// The OpenAPI document of this server, made from the route tables, so that every path in it exists.
enum APIDescription {
    static var document: JSON {
        let items = pathItems.sorted { $0.key < $1.key }
        return .members([
            "openapi": .string("3.1.0"),
            "info": .members(["title": .string("mini-server"), "version": .string(OperatorInterface.version)]),
            "paths": .object(items.map { JSON.Member($0.key, .object($0.value)) }),
            "components": .members(["securitySchemes": schemes]),
        ])
    }

    /// Every path that the document describes.
    static var paths: Set<String> { Set(pathItems.keys) }

    private static var pathItems: [String: [JSON.Member]] {
        var paths: [String: [JSON.Member]] = [:]
        for (routes, tag) in [(OperatorRoutes.all, "operator"), (FederationRoutes.all, "federation")] {
            for route in routes {
                let method = JSON.Member(route.method.rawValue.lowercased(), operation(route, tag: tag))
                paths[route.template, default: []].append(method)
            }
        }
        return paths
    }

    private static let schemes = JSON.members([
        "operator": .members(["type": .string("http"), "scheme": .string("bearer")]),
        "federation": .members(["type": .string("http"), "scheme": .string("bearer")]),
        "certificate": .members(["type": .string("mutualTLS")]),
    ])

    private static func operation(_ route: Route, tag: String) -> JSON {
        let names = route.template.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
        let needs = tag == "federation" ? ["federation", "certificate"] : ["operator"]
        return .members([
            "tags": .array([.string(tag)]),
            "security": .array([.object(needs.map { JSON.Member($0, .array([])) })]),
            "parameters": .array(
                names.map { name in
                    .members([
                        "name": .string(String(name)), "in": .string("path"), "required": .bool(true),
                        "schema": .members(["type": .string("string")]),
                    ])
                }),
            "responses": .members([
                "2XX": .members(["description": .string("The answer.")]),
                "default": .members([
                    "description": .string("A problem in the form of RFC 9457."),
                    "content": .object([JSON.Member(ServerAPI.Problem.contentType, .object([]))]),
                ]),
            ]),
        ])
    }
}
