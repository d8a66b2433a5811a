import Testing

/// `MiniServer` is one module, so that nothing but these tests keeps its folders apart.
@Suite struct ServerFolderTests {
    static let root = "Sources/MiniServer/"

    /// Modules that belong to one concern, and the folders that have it.
    static let concerns: [(modules: Set<String>, folders: [String], instead: String)] = [
        (["AsyncHTTPClient", "NIOPosix"], ["Federation"], "ask a peer through FederationClient"),
        (["NIOWebSocket"], ["OpAMP/Endpoint"], "send through ConnectedAgents"),
        (["NIOSSL"], ["Federation"], "let the listener or the federation client hold the context"),
        (
            ["Hummingbird", "HummingbirdCore", "NIOHTTP1"],
            ["App", "HTTP", "OpAMP/Endpoint", "Federation", "OperatorAPI"],
            "answer with a value; a route makes HTTP of it"
        ),
        (
            ["NIOCore"], ["HTTP", "OpAMP", "Federation", "OperatorAPI"],
            "answer with a value; only agents are answered on the event loop"
        ),
        (
            ["HTTPTypes"], ["HTTP", "OpAMP", "Federation", "OperatorAPI"],
            "throw a refusal; HTTPStatus+Refusal.swift knows its status"
        ),
        (
            ["ServerAPI"], ["HTTP", "Federation", "Handover", "OperatorAPI"],
            "take what it is made of; only a route reads and writes these shapes"
        ),
    ]

    @Test(arguments: concerns.indices)
    func `a concern stays in its folders`(index: Int) {
        let concern = Self.concerns[index]
        for file in SourceTree.swiftFiles(below: Self.root) {
            let isTheirs = concern.folders.contains { file.path.hasPrefix("\(Self.root)\($0)/") }
            for line in file.imports where !isTheirs && concern.modules.contains(line.module) {
                Issue.record("\(file.path):\(line.number) imports \(line.module): \(concern.instead)")
            }
        }
        // A row that names a folder without files, or a module nobody uses, guards nothing.
        for folder in concern.folders {
            let used = SourceTree.swiftFiles(below: Self.root + folder).flatMap(\.imports).map(\.module)
            #expect(!concern.modules.isDisjoint(with: used), "\(folder) uses none of \(concern.modules.sorted())")
        }
    }

    /// Which folder may not know the types of which others: arrows point one way.
    static let strangers: [String: [String]] = [
        "HTTP": ["Authority", "Federation", "Handover", "OpAMP", "OperatorAPI"],
        "Authority": ["Federation", "Handover", "OperatorAPI"],
        "Handover": ["Federation", "OpAMP", "OperatorAPI"],
        "OpAMP": ["Federation", "OperatorAPI"],
    ]

    @Test(arguments: strangers.keys.sorted())
    func `a folder does not know the types of those above it`(folder: String) {
        let files = SourceTree.swiftFiles(below: Self.root + folder)
        for other in Self.strangers[folder, default: []] {
            let types = Set(SourceTree.swiftFiles(below: Self.root + other).flatMap(\.declaredTypes))
            #expect(!types.isEmpty)
            for file in files {
                for line in file.code {
                    for name in line.text.typeNames where types.contains(name) {
                        Issue.record("\(file.path):\(line.number) knows \(name) of \(other)/")
                    }
                }
            }
        }
    }
}

extension SourceFile {
    /// Top-level types that other files can name.
    fileprivate var declaredTypes: [Substring] {
        code.compactMap { _, text in
            guard !text.hasPrefix(" ") else { return nil }
            let words = text.split { !$0.isLetter && !$0.isNumber }
            guard !words.contains("private"), !words.contains("fileprivate"),
                let keyword = words.firstIndex(where: { ["struct", "class", "enum", "actor", "protocol"].contains($0) })
            else { return nil }
            return words.dropFirst(keyword + 1).first
        }
    }
}

extension Substring {
    /// Capitalised words that stand alone, not as a member of something else.
    fileprivate var typeNames: [Substring] {
        var names: [Substring] = []
        var previous: Character = " "
        var rest = self
        while let first = rest.first {
            let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            if word.isEmpty {
                previous = first
                rest = rest.dropFirst()
            } else {
                if first.isUppercase, previous != "." { names.append(word) }
                previous = "a"
                rest = rest.dropFirst(word.count)
            }
        }
        return names
    }
}
