import Foundation

/// A page of the operator's manual: its fenced blocks, to be typed in order.
struct Page {
    private var blocks: ArraySlice<Substring>
    /// What the page calls something, and what it is here.
    private var names: [(String, String)] = []

    /// - Parameter path: below the package's root.
    init(_ path: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
        // Every other part is between two fences; the rest of a fence's line is the language.
        let parts = ("\n" + text).split(separator: "\n```", omittingEmptySubsequences: false)
        let fenced = parts.enumerated().filter { $0.offset % 2 == 1 }.map { $0.element }
        blocks = fenced.map { $0.drop { $0 != "\n" }.dropFirst() }[...]
    }

    var isRead: Bool { blocks.isEmpty }

    mutating func call(_ name: String, _ value: String) { names.insert((name, value), at: 0) }

    /// The next block with every name replaced.
    mutating func next() throws -> String {
        guard let block = blocks.popFirst() else { throw Shell.Failed(description: "the page has no more blocks") }
        return spoken(block)
    }

    func spoken(_ block: some StringProtocol) -> String {
        names.reduce(String(block)) { text, name in text.replacing(name.0, with: name.1) }
    }
}
