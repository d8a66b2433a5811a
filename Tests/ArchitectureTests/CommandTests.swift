import Foundation
import Testing

/// A next action is worth something only if whoever reads it can do it.
@Suite struct CommandTests {
    private static let sources = SourceTree.swiftFiles(below: "Sources")

    /// `mini-server` and every command of it, as an operator types them.
    private static let commands: Set<String> = {
        var commands: Set<String> = ["mini-server serve"]
        for file in SourceTree.swiftFiles(below: "Sources/mini-server/Commands") {
            let text = file.code.map(\.text).joined(separator: "\n")
            guard let name = text.firstMatch(of: /commandName: "([a-z-]+)"/)?.output.1 else { continue }
            commands.insert("mini-server \(name)")
            for verb in text.matches(of: /struct ([A-Za-z]+): ClientCommand/).map(\.output.1) {
                commands.insert("mini-server \(name) \(Self.kebab(verb))")
            }
        }
        return commands
    }()

    private static func kebab(_ name: Substring) -> String {
        name.reduce(into: "") { text, character in
            if character.isUppercase, !text.isEmpty { text += "-" }
            text += character.lowercased()
        }
    }

    @Test func `a command that a message names exists`() {
        var named = 0
        for file in Self.sources {
            for line in file.code {
                for mention in line.text.matches(of: /`(mini-server [a-z-]+(?: [a-z-]+)?)/).map(\.output.1) {
                    named += 1
                    #expect(Self.commands.contains(String(mention)), "\(file.path):\(line.number) names `\(mention)`")
                }
            }
        }
        #expect(named > 10, "messages name commands")
    }

    @Test func `no message names a page of a console that is not there`() {
        let places = ["Settings >", "under Federation", "under Settings", "Choose \\\"", "the form,"]
        for file in Self.sources {
            for line in file.code where places.contains(where: line.text.contains) {
                Issue.record("\(file.path):\(line.number) names a place that no operator can go to: \(line.text)")
            }
        }
    }
}
