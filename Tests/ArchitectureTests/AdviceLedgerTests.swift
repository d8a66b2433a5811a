import Foundation
import Testing
import Vocabulary

/// Every hint leads somewhere: a code whose message advises a command has a scene that carries the command out, names
/// another test that does, or says why there is none.
@Suite struct AdviceLedgerTests {
    private static let folder = "Tests/OperatorTests/Advice"
    private static let ledger = "\(folder)/AdviceLedger.swift"

    /// The codes of one file whose text, up to the next code, holds a command between backticks.
    ///
    /// A code stands whole behind `code:`, or as its reason at the head of a tuple or an argument list, where the file
    /// has one area for all of its codes, or as a constant of an enum.
    static func advising(_ code: String) -> Set<String> {
        var text = code
        for match in code.matches(of: /static let (\w+) *=\s*("[^"]*")/) {
            text = text.replacing("Self.\(match.output.1)", with: match.output.2)
        }
        let area = text.firstMatch(of: /code: "([a-z-]+\.[a-z-]*)\\\(/)?.output.1
        var places = text.matches(of: /code: "([a-z-]+\.[a-z-]+)"/).map { ($0.range, String($0.output.1)) }
        if let area {
            let reasons = text.matches(of: /(?:message\(|\(|:)\s*"([a-z0-9]+(?:-[a-z0-9]+)*)",\s*"/)
            places += reasons.map { ($0.range, String(area + $0.output.1)) }
        }
        places += constants(in: text)
        places.sort { $0.0.lowerBound < $1.0.lowerBound }
        var found: Set<String> = []
        for (index, place) in places.enumerated() {
            let end = index + 1 < places.count ? places[index + 1].0.lowerBound : text.endIndex
            let words = text[place.0.lowerBound..<end]
            if words.contains(#/`(?:mini-server|opamp-agent|openssl) /#) { found.insert(place.1) }
        }
        return found
    }

    /// The codes that stand as constants of an area behind `code:` or at the head of a tuple. The area is the one that the type names before
    /// that place, else one that the file names.
    private static func constants(in text: String) -> [(Range<String.Index>, String)] {
        let named = Set(text.matches(of: /\b[A-Z]\w*Code\b/).map { String($0.output) })
        let inFile = areas.filter { named.contains($0.key) }
        let types = text.matches(of: /typealias Code = (\w+)/).map { ($0.range.lowerBound, String($0.output.1)) }
        let whole = text.matches(of: /code: (\w+Code)\.(\w+)\.code/).compactMap { match in
            areas[String(match.output.1)]?[String(match.output.2)].map { (match.range, $0) }
        }
        return whole
            + text.matches(of: /(?:code:|[(:])\s*\.(\w+),/).flatMap { match in
                let name = String(match.output.1)
                let own = types.last { $0.0 < match.range.lowerBound }.flatMap { areas[$0.1] }
                let candidates = own.map { [$0] } ?? Array(inFile.values)
                return candidates.compactMap { area in area[name].map { (match.range, $0) } }
            }
    }

    private static let areas: [String: [String: String]] = (OperatorCodes.areas + OperatorCodes.agentAreas).reduce(
        into: [:]
    ) { found, area in
        found[String(describing: area)] = codes(of: area)
    }

    /// By the name of the case.
    private static func codes<Area: OperatorCode>(of area: Area.Type) -> [String: String] {
        Dictionary(area.allCases.map { (String(describing: $0), $0.code) }) { first, _ in first }
    }

    private static let advising: Set<String> = SourceTree.swiftFiles(below: "Sources").reduce(into: []) { found, file in
        guard
            file.code.contains(where: {
                ["nextAction", "message(", "words"].contains(where: $0.text.contains)
            })
        else {
            return
        }
        found.formUnion(advising(file.code.map { String($0.text) }.joined(separator: "\n")))
    }

    private static func keys(_ pattern: Regex<(Substring, Substring)>, in path: String) -> [String] {
        ((try? SourceTree.text(of: path)) ?? "").matches(of: pattern).map { String($0.output.1) }
    }

    @Test func `every code that advises a command is played, shown elsewhere or excused`() {
        #expect(Self.advising.count > 60)
        let scenes = SourceTree.swiftPaths(below: Self.folder).filter { $0.contains("/AdviceScene+") }
        let played = scenes.flatMap { Self.keys(/code: "([a-z0-9.-]+)"/, in: $0) }
        let listed = Self.keys(/\n\s+\(\s*"([a-z0-9-]+\.[a-z0-9-]+)",/, in: Self.ledger)
        #expect(Self.advising.subtracting(played + listed) == [], "no scene, and nothing in the ledger")
        #expect(Set(listed).subtracting(Self.advising) == [], "nothing says these any more, or they advise no command")
        #expect(Set(played).isDisjoint(with: listed))
        #expect(Set(listed).count == listed.count)
    }

    @Test func `the tests that the ledger names exist`() throws {
        let names = Self.keys(/"[a-z0-9-]+\.[a-z0-9-]+",\s+"([^"]+)"/, in: Self.ledger)
        let text = try SourceTree.text(of: Self.ledger)
        let shown = text.prefix(upTo: try #require(text.range(of: "notShown")).lowerBound)
        let tests = SourceTree.swiftFiles(below: "Tests").flatMap(\.lines).filter { $0.contains("func `") }
        let wanted = names.filter { shown.contains("\"\($0)\"") }
        #expect(wanted.count > 1)
        for name in wanted { #expect(tests.contains { $0.contains("func `\(name)`") }, "\(name)") }
    }

    @Test func `a code is found in each of the forms in which messages are written`() {
        let whole = """
            OperatorMessage(code: "a.whole", title: "t", cause: "c", nextAction: "Run `mini-server x`.")
            OperatorMessage(code: "a.silent", title: "t", cause: "c", nextAction: "Wait.")
            """
        #expect(Self.advising(whole) == ["a.whole"])
        let parted = """
            static let again = "Run `opamp-agent x`."
            message("one", "t", "c", Self.again)
            (reason, title) = (
                "two", "t", "Run `mini-server x`."
            )
            message("three", "t", "c", "Wait.")
            OperatorMessage(code: "b.\\(reason)", title: title)
            """
        #expect(Self.advising(parted) == ["b.one", "b.two"])
        let constants = """
            typealias Code = NotFoundCode
            (code: .agent, title: "t", cause: "c", nextAction: "Wait.")
            (
                .peer, "t", "c", "Run `mini-server x`."
            )
            """
        #expect(Self.advising(constants) == ["not-found.peer"])
    }
}
