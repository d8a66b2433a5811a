import ServerAPI
import Testing

@Suite struct RouteTests {
    private static let all = OperatorRoutes.all + FederationRoutes.all

    @Test func `every route stands once, under its own root`() {
        #expect(Set(Self.all.map { "\($0.method.rawValue) \($0.template)" }).count == Self.all.count)
        #expect(FederationRoutes.all.allSatisfy { $0.template.hasPrefix("/api/federation/") })
        // A federation certificate opens only what stands under that root.
        #expect(!OperatorRoutes.all.contains { $0.template.hasPrefix("/api/federation/") })
    }

    @Test func `a route names its placeholders, its query and its types`() {
        let route = OperatorRoutes.peerAgents.description
        #expect(route.placeholders == ["name"] && route.query == [.query, .limit, .cursor])
        #expect(route.body == nil && route.answer == "AgentSummaryPage")
        #expect(OperatorRoutes.createPeer.description.body == "PeerCreation")
        #expect(OperatorRoutes.deletePeer.description.answer == nil)
    }

    @Test func `what answers in pages takes a limit and a cursor, or is short`() {
        let unpaged = Self.all.filter { $0.answer?.hasSuffix("Page") == true && !$0.query.contains(.cursor) }
        #expect(
            unpaged.map(\.template) == [
                "/api/authority/keys", "/api/federation-certificates", "/api/federation/handovers",
            ])
        #expect(Self.all.allSatisfy { $0.query.contains(.cursor) == $0.query.contains(.limit) })
    }

    @Test func `placeholders are filled in order`() {
        #expect(OperatorRoutes.agents().target.text == "/api/agents")
        #expect(OperatorRoutes.peerAgent("us", "7").target.text == "/api/peers/us/agents/7")
        #expect(FederationRoutes.redeem("c3").target.text == "/api/federation/handovers/c3/redeem")
    }

    /// RFC 3986 sections 2.3 and 3.3.
    @Test(arguments: [
        ("peer:us/7", "peer:us%2f7"), ("a b", "a%20b"), ("50%", "50%25"), ("ü", "%c3%bc"), ("?#&=+", "%3f%23%26%3d%2b"),
        ("..", ".."), ("\n", "%0a"), ("a-._~Z9", "a-._~Z9"), ("", ""),
    ]) func `a value is percent-encoded in the path and in the query`(value: String, encoded: String) {
        #expect(OperatorRoutes.agent(value).target.text == "/api/agents/\(encoded)")
        #expect(OperatorRoutes.agents(query: [.query: value]).target.text == "/api/agents?query=\(encoded)")
    }

    @Test func `a value with the form of a placeholder is a value`() {
        #expect(OperatorRoutes.peerAgent("{id}", "7").target.text == "/api/peers/%7bid%7d/agents/7")
    }

    @Test func `a query leaves out what has no value`() {
        let call = OperatorRoutes.agents(query: [.query: "x", .peer: nil, .group: "web"])
        #expect(call.target.text == "/api/agents?group=web&query=x")
    }

    @Test func `a list asks for the largest page from its cursor, where there are pages`() {
        #expect(OperatorRoutes.groups().page(from: nil).target.text == "/api/groups?limit=1000")
        #expect(
            OperatorRoutes.groups().page(from: "c").page(from: "d").target.text == "/api/groups?cursor=d&limit=1000")
        #expect(OperatorRoutes.signingKeys().page(from: nil).target.text == "/api/authority/keys")
    }
}
