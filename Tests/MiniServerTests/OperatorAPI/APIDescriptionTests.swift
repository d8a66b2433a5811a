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
