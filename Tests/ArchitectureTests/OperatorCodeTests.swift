import ServerTransport
import Testing
import Vocabulary

/// The codes that operators search for: each is one, is said by something, and is documented.
@Suite struct OperatorCodeTests {
    private static let lists = "Sources/Vocabulary/Codes"
    private static let statuses = "Sources/MiniServer/HTTP/HTTPStatus+Refusal.swift"
    private static let manual = "docs/operator/codes.md"

    private static let areas: [any OperatorCode.Type] =
        OperatorCodes.areas + OperatorCodes.agentAreas + OperatorCodes.toolAreas + [
            ListenerRefusal.self, BindFailure.Reason.self,
        ]

    private static func codes<Area: OperatorCode>(of area: Area.Type) -> [String] { area.allCases.map(\.code) }
    private static func cases<Area: OperatorCode>(of area: Area.Type) -> [String] {
        area.allCases.map { String(describing: $0) }
    }

    private static var codes: [String] { areas.flatMap { codes(of: $0) } }

    @Test func `every code is one, in the form of a code`() {
        let codes = Self.codes
        #expect(Set(codes).count == codes.count && codes.count > 200)
        #expect(codes.allSatisfy { $0.wholeMatch(of: /[a-z]+(-[a-z]+)*\.[a-z0-9]+(-[a-z0-9]+)*/) != nil })
        let names = (OperatorCodes.areas + OperatorCodes.agentAreas + OperatorCodes.toolAreas).map { $0.area }
        #expect(Set(names).count == names.count)
    }

    @Test func `the list of areas is whole`() {
        let lines = SourceTree.swiftFiles(below: Self.lists).flatMap(\.code)
        #expect(
            lines.count { $0.text.contains("static let area =") }
                == OperatorCodes.areas.count + OperatorCodes.agentAreas.count + OperatorCodes.toolAreas.count)
    }

    @Test func `the manual lists every code once, and no other`() throws {
        let rows = try SourceTree.text(of: Self.manual).matches(of: #/(?m)^\| `([a-z0-9.-]+)` \| [^|]+ \|$/#)
        #expect(rows.map { String($0.output.1) }.sorted() == Self.codes.sorted())
    }

    @Test func `every code is said by something`() {
        let files = SourceTree.swiftFiles(below: "Sources").filter {
            $0.path != Self.statuses && !$0.path.hasPrefix(Self.lists)
        }
        var said: Set<Substring> = []
        for file in files {
            for line in file.code { said.formUnion(line.text.matches(of: /\.(\w+)/).map(\.output.1)) }
        }
        for area in Self.areas {
            for name in Self.cases(of: area) where !said.contains(name[...]) {
                Issue.record("nothing says \(area).\(name)")
            }
        }
    }

    /// A code that is written as text can be misspelled. In the agent's configuration such a text is a key, and the names of
    /// its log entries begin with its areas.
    @Test func `no code is written as text`() {
        let areas = Set(Self.areas.map { $0.area }).subtracting(OperatorCodes.agentAreas.map { $0.area })
        for file in SourceTree.swiftFiles(below: "Sources")
        where !file.path.hasPrefix("Sources/AgentExtension/Configuration/") {
            for line in file.code {
                for found in line.text.matches(of: /"([a-z-]+)\.[a-z-]+"/) where areas.contains(String(found.output.1))
                {
                    Issue.record("\(file.path):\(line.number) writes \(found.output.0)")
                }
            }
        }
    }

    @Test func `no message of the agent has a code of its own making`() {
        let agent = ["AgentCore", "AgentExtension", "ClientTransport", "opamp-agent"]
        for file in agent.flatMap({ SourceTree.swiftFiles(below: "Sources/\($0)") }) {
            for line in file.code where line.text.contains(/code: "[a-z]/) {
                Issue.record("\(file.path):\(line.number) writes a code")
            }
        }
    }

    @Test func `every area that a route can answer with has a status on purpose`() throws {
        // What a start says is never an answer; the listener's refusals know their status.
        let others: Set<String> = ["StartCode", "AddressCode"]
        let table = try SourceTree.text(of: Self.statuses)
        let named = Set(table.matches(of: /(\w+)\.area: \./).map { String($0.output.1) })
        #expect(named.union(others) == Set(OperatorCodes.areas.map { String(describing: $0) }))
        #expect(named.isDisjoint(with: others))
    }
}
