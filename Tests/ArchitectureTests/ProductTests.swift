import Foundation
import Testing

@Suite struct ProductTests {
    /// A host program that cannot import a module cannot name the types that it is given.
    @Test func `the library offers every module of its public interface, and no other`() throws {
        let manifest = try String(contentsOf: SourceTree.root.appending(path: "Package.swift"), encoding: .utf8)
        let product = try #require(
            manifest.firstMatch(of: /\.library\(\s*name: "AgentExtension",\s*targets: \[([^\]]*)\]/))
        let offered = Set(product.output.1.matches(of: /"([^"]+)"/).map { String($0.output.1) })
        #expect(offered == interface(of: "AgentExtension"))
    }

    /// Everything else is seen within the package only, so that a change there cannot break a host program.
    @Test func `only the library's modules declare anything public`() {
        let offered = interface(of: "AgentExtension")
        for file in SourceTree.swiftFiles(below: "Sources") where !offered.contains(String(file.folder)) {
            for (number, text) in file.code {
                let words = text.split(separator: " ")
                #expect(words.first != "public" && words.dropFirst().first != "public", "\(file.path):\(number)")
            }
        }
    }

    /// The module itself, and what it and those import publicly.
    private func interface(of module: String) -> Set<String> {
        var found: Set<String> = []
        var next = [module]
        while let module = next.popLast() {
            guard found.insert(module).inserted else { continue }
            next += SourceTree.swiftFiles(below: "Sources/\(module)").flatMap(\.publicImports)
        }
        return found
    }
}
