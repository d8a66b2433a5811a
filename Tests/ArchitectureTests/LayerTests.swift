import Testing

@Suite struct LayerTests {
    /// What each of our targets may import; everything not named is forbidden.
    static let layers: [String: Set<String>] = [
        "Vocabulary": [],
        "OpAMPProto": ["Vocabulary", "COpAMPMessages", "Glibc"],
        "Certificates": ["Vocabulary", "COpenSSL", "Glibc"],
        "DurableFiles": ["Vocabulary", "Certificates", "Glibc", "Synchronization"],
        "HandoverToken": ["Vocabulary", "Certificates"],
        "HostSystem": ["Vocabulary", "Glibc"],
        "ClientTransport": ["Vocabulary", "CWebSockets", "COpenSSL", "Glibc"],
        "AgentCore": ["Vocabulary", "OpAMPProto", "Certificates", "HandoverToken"],
        "PeerCore": ["Vocabulary", "OpAMPProto", "Certificates", "HandoverToken"],
        "PeerAPI": ["Vocabulary"],
        "PeerClient": ["Vocabulary", "PeerAPI", "AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOSSL", "Foundation"],
        "AgentExtension": [
            "Vocabulary", "AgentCore", "OpAMPProto", "Certificates", "HandoverToken", "ClientTransport", "DurableFiles",
            "HostSystem", "CYAML",
        ],
        "opamp-agent": ["AgentExtension", "AgentCore", "OpAMPProto", "HostSystem", "Vocabulary", "Glibc"],
    ]

    @Test(arguments: layers.keys.sorted())
    func `imports go down only`(target: String) {
        let allowed = Self.layers[target, default: []]
        for file in SourceTree.swiftFiles(below: "Sources/\(target)") {
            for line in file.imports where !allowed.contains(line.module) {
                Issue.record("\(file.path):\(line.number) imports \(line.module); \(target) may import \(allowed.sorted())")
            }
        }
    }

    /// A drill that looks inside a server proves nothing about what its operator can see.
    @Test func `the drill speaks to servers only through their public interface`() {
        let cheats: Set<String> = ["MiniServer", "PeerCore", "GRDB"]
        for file in SourceTree.swiftFiles(below: "Sources/Drill") {
            for line in file.imports where cheats.contains(line.module) {
                Issue.record("\(file.path):\(line.number) imports \(line.module)")
            }
        }
    }

    @Test func `nobody but the storage folder writes SQL`() {
        for file in SourceTree.swiftFiles(below: "Sources/MiniServer") where !file.path.contains("/Storage/") {
            for line in file.imports where line.module == "GRDB" {
                Issue.record("\(file.path):\(line.number) imports GRDB; add a function to a table in Storage/")
            }
        }
    }
}
