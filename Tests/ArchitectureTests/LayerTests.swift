import Testing

@Suite struct LayerTests {
    /// What each of our targets may import; everything not named is forbidden.
    static let layers: [String: Set<String>] = [
        "Vocabulary": [],
        "OpAMPProto": ["Vocabulary", "COpAMPMessages", "Glibc"],
        "Certificates": ["Vocabulary", "COpenSSL", "Glibc", "Synchronization"],
        "DurableFiles": ["Vocabulary", "Certificates", "HostSystem", "CGlibc", "Glibc", "Synchronization"],
        "HandoverToken": ["Vocabulary", "Certificates"],
        "HostSystem": ["Vocabulary", "CGlibc", "Dispatch", "Glibc", "Synchronization"],
        "ClientTransport": [
            "Vocabulary", "Certificates", "HostSystem", "CWebSockets", "COpenSSL", "CHTTPParser", "CZlib", "CEpoll",
            "Glibc",
        ],
        "AgentCore": ["Vocabulary", "OpAMPProto", "Certificates", "HandoverToken"],
        "ServerCore": ["Vocabulary", "OpAMPProto", "Certificates", "HandoverToken"],
        "ServerAPI": ["Vocabulary"],
        "ServerStorage": [
            "Vocabulary", "OpAMPProto", "Certificates", "HandoverToken", "DurableFiles", "ServerCore", "Foundation",
            "Dispatch", "GRDB", "Synchronization",
        ],
        "OperatorClient": [
            "Vocabulary", "ServerAPI", "Certificates", "AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOSSL", "Foundation",
        ],
        "AgentExtension": [
            "Vocabulary", "AgentCore", "OpAMPProto", "Certificates", "HandoverToken", "ClientTransport", "DurableFiles",
            "HostSystem", "CYAML", "Synchronization",
        ],
        "ServerTransport": [
            "Vocabulary", "Certificates", "HostSystem", "ServerAPI", "Foundation", "HTTPTypes", "Hummingbird",
            "HummingbirdCore", "Logging", "NIOCore", "NIOHTTP1", "NIOHTTPCompression", "NIOHTTPTypes",
            "NIOHTTPTypesHTTP1", "NIOSSL", "NIOWebSocket", "ServiceLifecycle", "Synchronization",
        ],
        "MiniServer": [
            "Vocabulary", "ServerTransport", "ServerCore", "ServerAPI", "ServerStorage", "OpAMPProto", "Certificates",
            "HandoverToken", "DurableFiles", "HostSystem", "AsyncHTTPClient", "Foundation", "HTTPTypes", "Hummingbird",
            "HummingbirdCore", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL", "NIOWebSocket",
            "ServiceLifecycle", "Synchronization", "UnixSignals",
        ],
        "Recorder": [
            "Vocabulary", "OpAMPProto", "Certificates", "AsyncHTTPClient", "Foundation", "NIOCore", "NIOEmbedded",
            "NIOHTTP1", "NIOHTTPCompression", "NIOPosix", "NIOSSL", "NIOWebSocket", "Synchronization",
        ],
        "Drill": [
            "Vocabulary", "ServerAPI", "OperatorClient", "Certificates", "HostSystem", "Recorder", "Foundation",
            "Glibc", "NIOCore", "NIOPosix", "Synchronization",
        ],
        "opamp-agent": ["AgentExtension", "AgentCore", "OpAMPProto", "HostSystem", "Vocabulary", "Glibc"],
        "mini-server": [
            "MiniServer", "ServerAPI", "OperatorClient", "DurableFiles", "Vocabulary", "ArgumentParser", "Foundation",
            "Logging", "UnixSignals",
        ],
        "handover-drill": [
            "Drill", "Recorder", "OpAMPProto", "Vocabulary", "ArgumentParser", "Foundation", "Glibc", "UnixSignals",
        ],
    ]

    @Test func `every folder of Swift has its row`() throws {
        // Raw C has none: it imports nothing of ours.
        let folders = try SourceTree.folders(in: "Sources").filter { name in
            !SourceTree.swiftPaths(below: "Sources/\(name)").isEmpty
        }
        #expect(Set(folders) == Set(Self.layers.keys))
    }

    @Test func `the picture of the layers shows what is there`() throws {
        let picture = try SourceTree.text(of: "docs/architecture.md").split(separator: "## Layers").last?
            .split(separator: "```").dropFirst().first
        let rows = try #require(picture).split(separator: "\n")
        // Behind the name of the layer, which ends with the eleventh column.
        let shown = rows.flatMap { $0.dropFirst(12).split(separator: " ").map(String.init) }
        #expect(Set(shown) == Set(try SourceTree.folders(in: "Sources")))
    }

    @Test(arguments: layers.keys.sorted())
    func `imports go down only`(target: String) {
        let allowed = Self.layers[target, default: []]
        for file in SourceTree.swiftFiles(below: "Sources/\(target)") {
            for line in file.imports where !allowed.contains(line.module) {
                Issue.record(
                    "\(file.path):\(line.number) imports \(line.module); \(target) may import \(allowed.sorted())")
            }
        }
    }

    /// A drill that looks inside a server proves nothing about what its operator can see.
    @Test func `the drill speaks to servers only through their public interface`() {
        let cheats: Set<String> = ["MiniServer", "ServerCore", "ServerStorage", "GRDB"]
        for file in SourceTree.swiftFiles(below: "Sources/Drill") {
            for line in file.imports where cheats.contains(line.module) {
                Issue.record("\(file.path):\(line.number) imports \(line.module)")
            }
        }
    }
}
