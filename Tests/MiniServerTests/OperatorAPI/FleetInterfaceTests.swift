import Certificates
import Foundation
import ServerAPI
import ServerCore
import Testing
import Vocabulary

@testable import MiniServer

/// Groups, assignments and lists, as an operator meets them.
@Suite(.timeLimit(.minutes(1)))
struct FleetInterfaceTests {
    private func save(_ configuration: String, on server: RunningServer) async throws {
        try await server.call(
            OperatorRoutes.saveConfiguration(configuration),
            sending: ConfigurationText(contentType: "text/yaml", body: "a: 1"))
    }

    private func save(_ group: String, _ settings: GroupSettings, on server: RunningServer) async throws -> Group {
        try await server.call(OperatorRoutes.saveGroup(group), sending: settings)
    }

    /// What an agent has after each change; one rule for `agent assign` and `group add`.
    @Test func `an agent has the configuration that it was assigned last, by name or with its group`() async throws {
        try await HandoverWorld.run { world in
            let eu = world.eu
            let id = try await world.row(of: try await world.enrolled(at: eu), at: eu).id.description
            for name in ["base", "other"] { try await save(name, on: eu) }
            _ = try await save("edge", GroupSettings(configuration: "base"), on: eu)
            _ = try await save("plain", GroupSettings(), on: eu)
            let steps: [(Assignment, group: String?, configuration: String?)] = [
                (Assignment(group: "edge"), "edge", "base"),
                (Assignment(configuration: "other"), "edge", "other"),
                (Assignment(group: "plain"), "plain", "other"),
                (Assignment(group: "edge"), "edge", "base"),
                (Assignment(group: "edge", configuration: "other"), "edge", "other"),
                (Assignment(withoutConfiguration: true), "edge", nil),
                (Assignment(group: "edge", withoutConfiguration: true), "edge", nil),
                (Assignment(configuration: "base", withoutGroup: true), nil, "base"),
                (Assignment(group: "edge"), "edge", "base"),
            ]
            for (change, group, configuration) in steps {
                let agent = try await eu.call(
                    OperatorRoutes.assignAgent(id), sending: change)
                #expect(agent.group == group && agent.configuration == configuration, "\(change)")
            }
            let agent = {
                try await eu.call(OperatorRoutes.agent(id)).summary
            }
            #expect(try await save("edge", GroupSettings(), on: eu).configuration == "base", "typed again, it stays")
            #expect(try await agent().configuration == "base")
            _ = try await save("edge", GroupSettings(configuration: "other"), on: eu)
            #expect(try await agent().configuration == "other")
            let bare = try await save("edge", GroupSettings(withoutConfiguration: true), on: eu)
            #expect(bare.configuration == nil)
            #expect(try await agent().configuration == nil)
        }
    }

    @Test func `a page filtered by presence is full, and the last one has no cursor`() async throws {
        try await HandoverWorld.run { world in
            for _ in 0..<4 { _ = try await world.enrolled(at: world.eu) }
            let live = try await world.enrolled(at: world.eu)
            let line = try await live.dial(world.eu)
            _ = try await line.report()
            let (eu, id) = (world.eu, try await world.row(of: live, at: world.eu).id.description)
            func page(_ presence: String, from cursor: String? = nil) async throws -> Page<AgentSummary> {
                try await eu.call(OperatorRoutes.agents(query: [.limit: "2", .presence: presence, .cursor: cursor]))
            }
            let lives = try await page("live")
            #expect(lives.items.map(\.id) == [id] && lives.nextCursor == nil)
            var (pages, cursor): ([Int], String?) = ([], nil)
            repeat {
                let next = try await page("offline", from: cursor)
                pages.append(next.items.count)
                #expect(next.items.allSatisfy { $0.presence == .offline })
                cursor = next.nextCursor
            } while cursor != nil
            #expect(pages == [2, 2])
            let wrong = try await eu.exchange(OperatorRoutes.agents(query: [.presence: "asleep"]), bearer: eu.admin)
            #expect(wrong.status == 400 && wrong.problem?.cause.contains("moved-to-peer") == true)
            try await line.leave()
        }
    }

    @Test func `a list goes on behind an item that is gone`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            for name in ["a", "b", "c", "d"] { _ = try await save(name, GroupSettings(), on: eu) }
            let first = try await eu.call(OperatorRoutes.groups(query: [.limit: "2"]))
            #expect(first.items.map(\.name) == ["a", "b"])
            let deleted = try await eu.exchange(
                OperatorRoutes.deleteGroup("b"), bearer: eu.admin)
            #expect(deleted.status == 204)
            let rest = try await eu.call(
                OperatorRoutes.groups(query: [.limit: "9", .cursor: first.nextCursor]))
            #expect(rest.items.map(\.name) == ["c", "d"])
        }
    }

    @Test func `a known path takes HEAD, and names its methods to any other`() async throws {
        try await RunningServer.run("eu") { servers in
            let eu = servers[0]
            let port = try #require(await eu.server.port)
            let authority = try eu.server.context.authority.active().certificate
            for path in [PublicPaths.live, PublicPaths.ready] {
                let client = try await RawClient.connect(to: port, trusting: authority)
                try await client.send("HEAD \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                let answer = await client.readToEnd()
                #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 200"))
                #expect(answer.suffix(4).elementsEqual([13, 10, 13, 10]), "no body")
            }
            let client = try await RawClient.connect(to: port, trusting: authority)
            try await client.send("PATCH /api/groups/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            let refused = try #require(await client.answer())
            #expect(refused.status == 405 && refused["allow"] == "DELETE, PUT")
            #expect(refused.text.contains("request.method-not-allowed"))
        }
    }

    @Test func `a client that waits to be asked for its body is asked`() async throws {
        try await TestServer.run { server in
            let client = try await server.client()
            for body in ["hello", "again"] {
                try await client.send(
                    "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                let invitation = try #require(await client.read(RawAnswer.headEnd))
                #expect(String(decoding: invitation, as: UTF8.self).hasPrefix("HTTP/1.1 100"))
                try await client.send(body)
                #expect(await client.answer()?.text == "5")
            }
            try await client.send(
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
            #expect(await client.answer()?.status == 413, "not one that would be refused")
        }
    }
}
