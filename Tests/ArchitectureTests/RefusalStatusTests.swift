import Testing

/// The one table of HTTP statuses, held against the codes that are said.
@Suite struct RefusalStatusTests {
    private static let path = "Sources/MiniServer/HTTP/HTTPStatus+Refusal.swift"

    private static let table: (areas: Set<Substring>, codes: Set<Substring>) = {
        let text = (try? SourceTree.text(of: path)) ?? ""
        let keys = text.matches(of: /"([a-z-]+(?:\.[a-z-]+)?)": \./).map(\.output.1)
        return (Set(keys.filter { !$0.contains(".") }), Set(keys.filter { $0.contains(".") }))
    }()

    private static let files = SourceTree.swiftFiles(below: "Sources").filter { $0.path != path }

    @Test func `every code with a status of its own is said by something`() {
        #expect(Self.table.codes.count > 20)
        var literals: Set<Substring> = []
        for file in Self.files {
            for line in file.code { literals.formUnion(line.text.matches(of: /"([a-z.-]+)"/).map(\.output.1)) }
        }
        for code in Self.table.codes {
            // Either whole, or as its reason where a type has one area for all of its codes.
            let reason = code.drop { $0 != "." }.dropFirst()
            #expect(literals.contains(code) || literals.contains(reason), "nothing says \(code)")
        }
    }

    /// Whatever these say may be the answer to a request.
    @Test(arguments: ["ServerCore", "MiniServer", "HandoverToken", "Certificates", "DurableFiles", "OpAMPProto"])
    func `every area that a route can answer with has a status on purpose`(target: String) {
        // What a start says is never an answer.
        let starts: Set<Substring> = ["address", "start"]
        var areas: Set<Substring> = []
        for file in SourceTree.swiftFiles(below: "Sources/\(target)") {
            for line in file.code { areas.formUnion(line.text.matches(of: /code: "([a-z-]+)\./).map(\.output.1)) }
        }
        #expect(!areas.isEmpty)
        #expect(areas.subtracting(starts).subtracting(Self.table.areas) == [])
    }
}
