import OpAMPProto
import Testing
import Vocabulary

@testable import Recorder

@Suite struct RuleTests {
    private func message(
        _ direction: MessageDirection = .agentToServer, _ json: JSON = .object([]), isHTTP: Bool = false
    ) -> Passing {
        Passing(direction: direction, kind: .message(json), isHTTP: isHTTP)
    }

    @Test(arguments: [
        "agent-to-server any cut", "server-to-agent 3 delay 2s", "agent-to-server health@2 duplicate",
        "server-to-agent connection_settings.opamp corrupt", "agent-to-server upgrade@1 status 503",
        "agent-to-server connection_settings_status.status=FAILED delay 250ms", "agent-to-server any status 401",
    ])
    func `a rule is read and shown as it was written`(text: String) throws {
        #expect(try Rule(text).text == text)
        #expect(try Rule("  " + text.replacing(" ", with: "   ")).text == text)
    }

    @Test(arguments: [
        "", "agent-to-server any", "to-server any cut", "agent-to-server 0 cut", "agent-to-server any delay",
        "agent-to-server any delay 2", "agent-to-server any status 99", "agent-to-server any cut 2",
        "server-to-agent any status 503", "server-to-agent upgrade cut", "agent-to-server upgrade corrupt",
        "agent-to-server Health cut", "agent-to-server a..b cut", "agent-to-server any explode",
    ])
    func `anything else is refused, with what is wrong`(text: String) {
        #expect {
            _ = try Rule(text)
        } throws: { error in
            guard case RecorderFailure.badRule(text, let why) = error else { return false }
            return !why.isEmpty
        }
    }

    @Test func `a file has a rule in each line`() throws {
        let rules = try Rule.read("# comment\n\nagent-to-server any cut\n  server-to-agent 2 corrupt\r\n")
        #expect(rules.map(\.text) == ["agent-to-server any cut", "server-to-agent 2 corrupt"])
    }

    @Test func `a number counts the messages that the rule names`() throws {
        var book = RuleBook([try Rule("agent-to-server 2 cut"), try Rule("agent-to-server health@2 corrupt")])
        let health: JSON = .members(["health": .members(["healthy": .bool(true)])])
        #expect(book.fate(of: message()) == Fate())
        #expect(book.fate(of: message(.serverToAgent)) == Fate())
        let second = book.fate(of: message(.agentToServer, health))
        #expect(second.isCut && !second.isCorrupt)
        #expect(book.fate(of: message()) == Fate())
        let fourth = book.fate(of: message(.agentToServer, health))
        #expect(fourth.isCorrupt && !fourth.isCut && fourth.rules == ["agent-to-server health@2 corrupt"])
    }

    @Test(arguments: [
        ("a", true), ("a.b", true), ("a.b=x", true), ("a.b=y", false), ("a.c", false), ("n=3", true), ("l=two", true),
        ("l=three", false), ("f=true", true),
    ])
    func `a field is found by its path and its value`(which: String, isFound: Bool) throws {
        var book = RuleBook([try Rule("agent-to-server \(which) cut")])
        let json: JSON = .members([
            "a": .members(["b": .string("x")]), "n": .integer(3), "l": .array([.string("one"), .string("two")]),
            "f": .bool(true),
        ])
        #expect(book.fate(of: message(.agentToServer, json)).isCut == isFound)
    }

    @Test func `rules add up, and those that cannot be are passed over`() throws {
        var book = RuleBook(
            try [
                "agent-to-server any delay 1s", "agent-to-server any delay 500ms", "agent-to-server any duplicate",
                "agent-to-server any status 503", "server-to-agent any duplicate",
            ].map { try Rule($0) })
        let overWebSocket = book.fate(of: message())
        #expect(overWebSocket.delay == .milliseconds(1500))
        #expect(overWebSocket.isDuplicate && overWebSocket.status == nil)
        #expect(book.fate(of: message(isHTTP: true)).status == 503)
        #expect(!book.fate(of: message(.serverToAgent, isHTTP: true)).isDuplicate)
        #expect(book.fate(of: message(.serverToAgent)).isDuplicate)
    }
}
