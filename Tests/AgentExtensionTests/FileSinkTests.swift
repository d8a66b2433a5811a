import DurableFiles
import OpAMPProto
import ScriptedOpAMPServer
import Testing

@testable import AgentExtension

/// The configuration sink of the daemon.
@Suite(.timeLimit(.minutes(1))) struct FileSinkTests {
    let host: HostDirectory
    var path: String { host.path + "/sink.yaml" }

    init() throws { host = try HostDirectory() }

    private func map(_ text: String) -> AgentConfigMap {
        AgentConfigMap(configMap: ["": AgentConfigFile(body: Array(text.utf8))])
    }

    private func rejection(of sink: FileSink, _ text: String) async -> ConfigurationRejection? {
        do throws(ConfigurationRejection) {
            _ = try await sink.apply(map(text))
            return nil
        } catch {
            return error
        }
    }

    @Test func `what the reload command refuses is not in effect, though nothing was there before`() async throws {
        let sink = FileSink(path: path, reloadCommand: "grep -q good \(path)")
        #expect(await rejection(of: sink, "bad") != nil)
        #expect(try AtomicFile.read(path, limit: 100) == nil)
        #expect(sink.current() == nil)
        _ = try await sink.apply(map("good"))
        #expect(sink.current()?.configMap == map("good"))
        #expect(await rejection(of: sink, "bad again") != nil)
        #expect(sink.current()?.configMap == map("good"))
    }

    /// The process was killed while the reload command ran.
    @Test func `what an earlier process could not prove is not in effect`() async throws {
        let sink = FileSink(path: path, reloadCommand: "grep -q good \(path)")
        _ = try await sink.apply(map("good"))
        try UndoableFile(path).replace(with: Array("bad".utf8))
        #expect(FileSink(path: path).current()?.configMap == map("good"))
        #expect(await rejection(of: sink, "bad") != nil)
        #expect(sink.current()?.configMap == map("good"))
    }

    @Test(arguments: [true, false])
    func `a file that cannot be put back is said to the server`(isFirst: Bool) async throws {
        let folder = host.path + "/d"
        try PrivateDirectory.prepare(folder)
        let sink = FileSink(
            path: folder + "/sink.yaml", reloadCommand: "grep -q good \(folder)/* || { rm -r \(folder); false; }")
        if !isFirst { _ = try await sink.apply(map("good")) }
        let reason = try #require(await rejection(of: sink, "bad")).reason
        #expect(reason.contains("exited with status 1"))
        #expect(reason.contains("is not back"))
    }
}
