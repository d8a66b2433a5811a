import AgentCore
import AgentExtension
import Foundation
import OpAMPProto
import ScriptedOpAMPServer
import Testing
import Vocabulary

/// A host program that follows the documentation.
@Suite(.timeLimit(.minutes(1))) struct EmbeddingTests {
    @Test func `the example of the documentation is the one that is compiled here`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        func lines(_ file: URL) throws -> [Substring] {
            try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
        }
        let documented = try lines(root.appending(path: "Sources/AgentExtension/AgentExtension.swift"))
            .filter { $0.hasPrefix("///     ") }.map { $0.dropFirst("///     ".count) }
        let compiled = try lines(URL(filePath: #filePath))
            .drop { !$0.hasSuffix("// The example begins.") }.dropFirst()
            .prefix { !$0.hasSuffix("// The example ends.") }.map { $0.dropFirst("        ".count) }
        #expect(!compiled.isEmpty)
        #expect(documented == compiled)
    }

    @Test func `it ends with a refusal in words where there is no such file`() async throws {
        await #expect(throws: ConfigurationRefusal.self) { try await host() }
    }

    private func host() async throws {
        // The example begins.
        let agent = try AgentExtension.start(try HostConfiguration(file: "/etc/agent.yaml"))
        let reader = Task {
            for await news in agent.news { print(news.at, news.event.rawValue, news.snapshot.endpoint) }
        }
        await agent.setHealth(ComponentHealth(healthy: true, status: "running"))
        // What the host is there for.
        await agent.stop()
        await reader.value
        // The example ends.
    }
}
