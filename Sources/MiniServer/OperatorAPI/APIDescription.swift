import ServerAPI
import ServerTransport
import Vocabulary

/// The OpenAPI document of this server, made from the route tables, so that every path, body and answer in it exists.
enum APIDescription {
    static var document: JSON {
        let items = pathItems.sorted { $0.key < $1.key }
        return .members([
            "openapi": .string("3.1.0"),
            "info": .members(["title": .string("mini-server"), "version": .string(OperatorInterface.version)]),
            "paths": .object(items.map { JSON.Member($0.key, .object($0.value)) }),
            "components": .members(["schemas": schemas, "securitySchemes": securitySchemes]),
        ])
    }

    private static let tagged: [(tag: String, needs: [String], routes: [RouteDescription])] = [
        ("operator", ["operator"], OperatorRoutes.all),
        ("federation", ["federation", "certificate"], FederationRoutes.all),
    ]

    private static var pathItems: [String: [JSON.Member]] {
        var paths: [String: [JSON.Member]] = [:]
        for (tag, needs, routes) in tagged {
            for route in routes {
                let method = JSON.Member(
                    route.method.rawValue.lowercased(), operation(route, tag: tag, needs: needs))
                paths[route.template, default: []].append(method)
            }
        }
        return paths
    }

    private static var schemas: JSON {
        let problem = BodySchema.components(of: ServerAPI.Problem.self)
        let all = OperatorRoutes.schemas + FederationRoutes.schemas + [problem]
        let byName = all.reduce(into: [:]) { named, schemas in named.merge(schemas) { first, _ in first } }
        return .object(byName.sorted { $0.key < $1.key }.map { JSON.Member($0.key, $0.value) })
    }

    private static let problem = String(describing: ServerAPI.Problem.self)

    private static let securitySchemes = JSON.members([
        "operator": .members(["type": .string("http"), "scheme": .string("bearer")]),
        "federation": .members(["type": .string("http"), "scheme": .string("bearer")]),
        "certificate": .members(["type": .string("mutualTLS")]),
    ])

    private static func operation(_ route: RouteDescription, tag: String, needs: [String]) -> JSON {
        let parameters =
            route.placeholders.map { parameter($0, in: "path") }
            + route.query.map { parameter($0.rawValue, in: "query") }
        let success: (status: String, answer: JSON) =
            if let answer = route.answer {
                (
                    "200",
                    .members([
                        "description": .string(answer),
                        "content": content("application/json", of: answer),
                    ])
                )
            } else {
                ("204", .members(["description": .string("Done.")]))
            }
        return .members([
            "tags": .array([.string(tag)]),
            "security": .array([.object(needs.map { JSON.Member($0, .array([])) })]),
            "parameters": .array(parameters),
            "requestBody": route.body.map {
                .members(["required": .bool(true), "content": content("application/json", of: $0)])
            },
            "responses": .object([
                JSON.Member(success.status, success.answer),
                JSON.Member(
                    "default",
                    .members([
                        "description": .string("A problem in the form of RFC 9457."),
                        "content": content(ServerAPI.Problem.contentType, of: problem),
                    ])),
            ]),
        ])
    }

    private static func parameter(_ name: String, in place: String) -> JSON {
        .members([
            "name": .string(name), "in": .string(place), "required": .bool(place == "path"),
            "schema": .members(["type": .string("string")]),
        ])
    }

    private static func content(_ type: String, of name: String) -> JSON {
        .object([
            JSON.Member(type, .members(["schema": .members(["$ref": .string("#/components/schemas/\(name)")])]))
        ])
    }
}
