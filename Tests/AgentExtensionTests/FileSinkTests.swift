import DurableFiles
import OpAMPProto
import ScriptedOpAMPServer
import Testing

@testable import AgentExtension

/// The configuration sink of the daemon.
@Suite(.timeLimit(.minutes(1))) struct FileSinkTests {
    let host: HostDirectory
    var path: String { host.path + "/sink.yaml" }
    var folder: String { host.path + "/conf.d" }

    init() throws { host = try HostDirectory() }

    private func map(_ texts: [String: String]) -> AgentConfigMap {
        AgentConfigMap(configMap: texts.mapValues { AgentConfigFile(body: Array($0.utf8)) })
    }

    private func map(_ text: String) -> AgentConfigMap { map(["": text]) }

    private func file(validation: String? = nil, reload: String? = nil, limit: Duration = .seconds(30)) -> FileSink {
        sink(.file(path: path), validation, reload, limit)
    }

    private func directory(validation: String? = nil, reload: String? = nil) -> FileSink {
        sink(.directory(path: folder), validation, reload, .seconds(30))
    }

    private func sink(_ target: SinkSettings.Target, _ validation: String?, _ reload: String?, _ limit: Duration)
        -> FileSink
    {
        FileSink(
            SinkSettings(
                target, validation: validation.map { .init($0, limit: limit) },
                reload: reload.map { .init($0, limit: limit) }))
    }

    private func rejection(of sink: FileSink, _ map: AgentConfigMap) async -> ConfigurationRejection? {
        do throws(ConfigurationRejection) {
            _ = try await sink.apply(map)
            return nil
        } catch {
            return error
        }
    }

    @Test func `what the reload command refuses is not in effect, though nothing was there before`() async throws {
        let sink = file(reload: "grep -q good \(path)")
        #expect(await rejection(of: sink, map("bad")) != nil)
        #expect(try AtomicFile.read(path, limit: 100) == nil)
        #expect(sink.current() == nil)
        _ = try await sink.apply(map("good"))
        #expect(sink.current()?.configMap == map("good"))
        #expect(await rejection(of: sink, map("bad again")) != nil)
        #expect(sink.current()?.configMap == map("good"))
    }

    /// The process was killed while the reload command ran.
    @Test func `what an earlier process could not prove is not in effect`() async throws {
        let sink = file(reload: "grep -q good \(path)")
        _ = try await sink.apply(map("good"))
        _ = try UndoableFile(path).stage(Array("bad".utf8))
        try UndoableFile(path).replace()
        #expect(file().current()?.configMap == map("good"))
        #expect(await rejection(of: sink, map("bad")) != nil)
        #expect(sink.current()?.configMap == map("good"))
    }

    @Test func `what is put back at a start is announced to its reader, once`() async throws {
        let reload = "cat \(path) >> \(host.path)/loaded"
        func loaded() throws -> String {
            String(decoding: try AtomicFile.read(host.path + "/loaded", limit: 1000) ?? [], as: UTF8.self)
        }
        _ = try await file(reload: reload).apply(map("good"))
        _ = try UndoableFile(path).stage(Array("bad".utf8))
        try UndoableFile(path).replace()
        let next = file(reload: reload)
        #expect(next.current()?.configMap == map("good"))
        #expect(try loaded() == "good")
        try await next.announceRestored()
        try await next.announceRestored()
        #expect(try loaded() == "goodgood")
        let last = file(reload: reload)
        _ = last.current()
        try await last.announceRestored()
        #expect(try loaded() == "goodgood", "nothing was put back")
    }

    @Test(arguments: [true, false])
    func `a file that cannot be put back is said to the server`(isFirst: Bool) async throws {
        let folder = host.path + "/d"
        try PrivateDirectory.prepare(folder)
        let sink = FileSink(
            SinkSettings(
                .file(path: folder + "/sink.yaml"),
                reload: .init("grep -q good \(folder)/* || { rm -r \(folder); false; }")))
        if !isFirst { _ = try await sink.apply(map("good")) }
        let reason = try #require(await rejection(of: sink, map("bad"))).reason
        #expect(reason.contains("exited with status 1"))
        #expect(reason.contains("is not back"))
    }

    @Test func `a configuration is validated before it is in effect, and the reload command sees it in effect`()
        async throws
    {
        let log = host.path + "/log"
        let sink = file(
            validation: "grep -q good \"$1\" && test \"$1\" != \(path) && cat \(path) >> \(log); grep -q good \"$1\"",
            reload: "test \"$1\" = \(path) && cat \"$1\" >> \(log)")
        _ = try await sink.apply(map("good 1 "))
        _ = try await sink.apply(map("good 2 "))
        #expect(await rejection(of: sink, map("bad"))?.mayPass == true)
        #expect(
            try AtomicFile.read(log, limit: 1000).map { String(decoding: $0, as: UTF8.self) } == "good 1 good 1 good 2 "
        )
        #expect(sink.current()?.configMap == map("good 2 "))
    }

    /// As with a service that is restarted: it ends with a bad configuration, and nobody else starts it again.
    @Test func `after a failed reload the configuration before is loaded again`() async throws {
        let loaded = host.path + "/loaded"
        let sink = file(reload: "cp \"$1\" \(loaded); grep -q good \"$1\"")
        _ = try await sink.apply(map("good"))
        let rejection = try #require(await rejection(of: sink, map("bad")))
        #expect(rejection.reason == "the reload command exited with status 1")
        #expect(try AtomicFile.read(loaded, limit: 100) == Array("good".utf8))
        let broken = file(reload: "false")
        let reason = try #require(await self.rejection(of: broken, map("bad"))).reason
        #expect(reason.contains("; with the configuration before, the reload command exited with status 1"))
    }

    @Test func `the end of what a command writes is said in one line`() async throws {
        let sink = file(
            validation: "yes line | head -1000; echo; printf 'error:\\tbad \\033[1mkey\\n\\n at line 3\\n' >&2; exit 7")
        let reason = try #require(await rejection(of: sink, map("a"))).reason
        #expect(reason.hasPrefix("the validation command exited with status 7: ... "))
        #expect(reason.hasSuffix("line line error: bad ?[1mkey at line 3"))
        #expect(reason.count < 600)
    }

    @Test func `a command that takes too long is killed with everything it started`() async throws {
        let marker = host.path + "/marker"
        let sink = file(reload: "(sleep 2; touch \(marker)) & sleep 60", limit: .milliseconds(200))
        let rejection = try #require(await rejection(of: sink, map("a")))
        #expect(rejection.reason == "the reload command took longer than 200ms and was killed" && rejection.mayPass)
        #expect(sink.current() == nil)
        try await Task.sleep(for: .seconds(3))
        #expect(try AtomicFile.read(marker, limit: 1) == nil)
    }

    @Test func `what a command leaves running does not hold the configuration up`() async throws {
        #expect(await rejection(of: file(reload: "sleep 50 & echo started"), map("a")) == nil)
    }

    // MARK: A directory

    @Test func `a set is replaced as one, and reported as one`() async throws {
        let sink = directory(validation: "test -f \"$1/a.yaml\"", reload: "! grep -q bad \"$1\"/*")
        let first = map(["a.yaml": "1", "b.yaml": "1"])
        #expect(try await sink.apply(first)?.configMap == first)
        #expect(await rejection(of: sink, map(["b.yaml": "2"])) != nil)
        #expect(await rejection(of: sink, map(["a.yaml": "3", "c.yaml": "bad"])) != nil)
        #expect(sink.current()?.configMap == first)
        let second = map(["a.yaml": "4"])
        _ = try await sink.apply(second)
        #expect(directory().current()?.configMap == second)
    }

    @Test(arguments: [
        "", ".", "..", "../up", "/etc/passwd", "a/b", "a\\b", ".hidden", "line\nbreak", "nul\0", "right\u{202E}left",
        String(repeating: "n", count: 256),
    ])
    func `a name that is more than a name is refused for good`(name: String) async throws {
        let sink = directory()
        let rejection = try #require(await rejection(of: sink, map(["good": "1", name: "1"])))
        #expect(rejection.reason.contains("file name") && !rejection.mayPass)
        #expect(!rejection.reason.contains("\n") && rejection.reason.count < 200)
        #expect(sink.current() == nil)
    }

    @Test func `names that differ by case are two, and the longest one is a name`() async throws {
        let files = map(["A": "1", "a": "2", "a..b": "3", "ä ö": "4", String(repeating: "n", count: 255): "5"])
        _ = try await directory().apply(files)
        #expect(directory().current()?.configMap == files)
    }

    @Test func `no files, or too many, are refused`() async throws {
        let many = Dictionary(uniqueKeysWithValues: (0...FileSink.longestSet).map { ("\($0)", "") })
        for texts in [[:], many] {
            #expect(await rejection(of: directory(), map(texts))?.reason.contains("1 to 1000") == true)
        }
        #expect(await rejection(of: file(), map(["a": "", "b": ""]))?.mayPass == false)
    }

    // MARK: The report

    @Test func `an effective configuration is cut at the limit, with a mark, between characters`() throws {
        let config = EffectiveConfig(configMap: map(["a": "aaaa", "b": "bb€€€€", "c": "c"]))
        #expect(config.cut(to: 100) == config)
        let cut = try #require(config.cut(to: 11).configMap)
        #expect(cut.configMap["a"]?.body == Array("aaaa".utf8))
        #expect(cut.configMap["b"]?.body == Array("bb€\n[cut: 5 of 14 bytes are reported]\n".utf8))
        #expect(cut.configMap["c"] == nil)
        #expect(config.cut(to: 0).configMap?.configMap.isEmpty == true)
    }
}
