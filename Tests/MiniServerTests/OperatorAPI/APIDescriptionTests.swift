import Foundation
import ServerAPI
import Testing
import Vocabulary

@testable import MiniServer

@Suite struct APIDescriptionTests {
    private func operation(_ method: String, _ path: String) throws -> JSON {
        try #require(APIDescription.document["paths"]?[path]?[method])
    }

    @Test func `every route of the tables has a handler, and every handler a route`() async throws {
        try await RunningServer.run("eu") { servers in
            let (operators, federation) = servers[0].interfaces()
            let registered = operators.routes.map(\.route)
            #expect(Set(registered) == Set(OperatorRoutes.all) && registered.count == OperatorRoutes.all.count)
            let answered = federation.routes.map(\.route)
            #expect(Set(answered) == Set(FederationRoutes.all) && answered.count == FederationRoutes.all.count)
        }
    }

    @Test func `the document names every path and method`() throws {
        for route in OperatorRoutes.all + FederationRoutes.all {
            _ = try operation(route.method.rawValue.lowercased(), route.template)
        }
        let paths = try #require(APIDescription.document["paths"]?.members)
        let operations = paths.reduce(0) { $0 + ($1.value.members?.count ?? 0) }
        #expect(operations == OperatorRoutes.all.count + FederationRoutes.all.count)
    }

    @Test func `an operation names its body, its answer and its parameters`() throws {
        let create = try operation("post", "/api/peers")
        let body = create["requestBody"]?["content"]?["application/json"]?["schema"]?["$ref"]
        #expect(body == .string("#/components/schemas/PeerCreation"))
        let answer = create["responses"]?["200"]?["content"]?["application/json"]?["schema"]?["$ref"]
        #expect(answer == .string("#/components/schemas/PeerSummary"))

        let remove = try operation("delete", "/api/peers/{name}")
        #expect(remove["requestBody"] == nil && remove["responses"]?["204"] != nil)
        let parameters = try #require(remove["parameters"]?.array)
        #expect(parameters.map { $0["name"] } == [.string("name"), .string("dropMessages")])
        #expect(parameters.map { $0["in"] } == [.string("path"), .string("query")])
    }

    @Test func `a component lists its members as its type reads them`() throws {
        let schemas = try #require(APIDescription.document["components"]?["schemas"])
        let issue = try #require(schemas["HandoverIssue"])
        #expect(
            issue["properties"]?.members?.map(\.name)
                == ["agent", "peer", "ttlSeconds", "probationSeconds", "certificate", "laterThan"])
        #expect(issue["required"] == .array([.string("agent"), .string("peer")]))
        #expect(issue["properties"]?["certificate"]?["enum"] == .array([.string("repeat"), .string("omit")]))
        #expect(issue["properties"]?["laterThan"]?["minimum"] == .integer(0))
        let notice = try #require(schemas["NoticeMessage"]?["properties"])
        #expect(notice["seq"]?["type"] == .string("integer") && notice["at"]?["format"] == .string("date-time"))
        #expect(notice["facts"]?["additionalProperties"] == .members(["type": .string("string")]))
        let page = try #require(schemas["AgentSummaryPage"]?["properties"]?["items"]?["items"])
        #expect(page == .members(["$ref": .string("#/components/schemas/AgentSummary")]))
        for schema in try #require(schemas.members) {
            #expect(schema.value["properties"]?.members?.isEmpty == false, "\(schema.name)")
        }
    }

    /// `RunningServer` holds every typed exchange of these tests against the document.
    @Test(arguments: [
        (#"{"name": "a", "role": "viewer"}"#, []), (#"{"role": "viewer"}"#, ["name: missing"]),
        (#"{"name": "a", "role": "king"}"#, ["role: king"]),
        (#"{"name": 1, "role": "viewer"}"#, ["name: not of type string"]),
        (#"{"name": "a", "role": "viewer", "ttl": 1}"#, ["ttl: unknown"]),
    ]) func `what the document does not describe is a fault`(text: String, faults: [String]) throws {
        let body = DescribedBody(try JSON(reading: Array(text.utf8)), as: "OperatorTokenRequest")
        #expect(body.faults == faults.map { "OperatorTokenRequest.\($0)" })
    }

    @Test func `every reference leads to a component`() throws {
        let document = APIDescription.document
        let components = Set(try #require(document["components"]?["schemas"]?.members).map(\.name))
        let references = document.description.matches(of: /"#\/components\/schemas\/([A-Za-z]+)"/).map {
            String($0.output.1)
        }
        #expect(!references.isEmpty && Set(references) == components)
    }
}

extension RunningServer {
    /// As the server itself makes them; its federation client is not asked here.
    fileprivate func interfaces() -> (OperatorInterface, FederationInterface) {
        let context = server.context
        return (
            OperatorInterface(
                server: context, fleet: server.fleet, handovers: service, federation: FederationClient(server: context)),
            FederationInterface(
                server: context, fleet: server.fleet, handovers: service, gate: PeerAuthenticator(server: context))
        )
    }
}
