import Testing

@testable import AgentExtension

@Suite struct YAMLTests {
    @Test func `a file like the collector's is read with its lines`() throws {
        let text = """
            # the agent of one host
            server:
              ws: {endpoint: "wss://eu.example.com:4320/v1/opamp"}
            tls:
              ca_file: /etc/agent/ca.pem
            list: [a, 'b']
            """
        let document = try YAML(reading: Array(text.utf8))
        guard case .mapping(let entries) = document.content else {
            Issue.record("not a mapping")
            return
        }
        #expect(entries.map(\.key) == ["server", "tls", "list"])
        #expect(entries.map(\.line) == [2, 4, 6])
        #expect(
            entries[2].value.content
                == .sequence([
                    YAML(content: .scalar("a", isPlain: true), line: 6),
                    YAML(content: .scalar("b", isPlain: false), line: 6),
                ])
        )
    }

    @Test func `an empty file is an empty mapping`() throws {
        #expect(try YAML(reading: []).content == .mapping([]))
        #expect(try YAML(reading: Array("# nothing\n".utf8)).content == .mapping([]))
    }

    @Test(arguments: [
        ("a: &x 1\nb: *x\n", YAMLRefusal.anchorAliasOrTag(line: 1)),
        ("a: 1\nb: *x\n", .anchorAliasOrTag(line: 2)),
        ("a: !!binary aGk=\n", .anchorAliasOrTag(line: 1)),
        ("a: 1\nb: 2\na: 3\n", .duplicateKey("a", line: 3)),
        ("? [a]\n: 1\n", .keyNotText(line: 1)),
        ("a: 1\n---\nb: 2\n", .severalDocuments(line: 3)),
    ])
    func `what a configuration file does not need is refused with its line`(text: String, refusal: YAMLRefusal) {
        #expect(throws: refusal) { try YAML(reading: Array(text.utf8)) }
    }

    @Test(arguments: ["a: [1, 2", "a: 'open", "\ta: 1", "a: b: c", "\u{0}"])
    func `broken text is a syntax error that names a line`(text: String) {
        #expect {
            try YAML(reading: Array(text.utf8))
        } throws: { error in
            guard case YAMLRefusal.syntax(let line, _, let problem) = error else { return false }
            return line >= 1 && !problem.isEmpty
        }
    }

    @Test func `depth and size are bounded`() {
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(throws: YAMLRefusal.tooDeep(line: 1, limit: 32)) { try YAML(reading: Array(deep.utf8)) }
        let large = [UInt8](repeating: 0x20, count: YAML.sizeLimit + 1)
        #expect(throws: YAMLRefusal.self) { try YAML(reading: large) }
    }
}
