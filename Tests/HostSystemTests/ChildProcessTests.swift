import Foundation
import HostSystem
import TestValues
import Testing

@Suite struct ChildProcessTests {
    private func shell(
        _ line: String, environment: [String: String]? = nil, folder: String? = nil,
        input: ChildProcess.Input = .null, output: ChildProcess.Output = .pipe, errors: ChildProcess.Output = .inherited
    ) throws -> ChildProcess {
        try ChildProcess(
            "/bin/sh", ["-c", line], environment: environment, folder: folder, input: input, output: output,
            errors: errors)
    }

    private func said(by child: ChildProcess) async throws -> String {
        String(decoding: try await child.output.rest(), as: UTF8.self)
    }

    @Test(arguments: [0, 1, 127, 255])
    func `it tells the status`(status: Int32) async throws {
        let child = try shell("exit \(status)")
        #expect(await child.ended() == .exited(status: status))
        #expect(child.end == .exited(status: status) && !child.isRunning)
    }

    @Test(arguments: [SIGTERM, SIGKILL, SIGPIPE])
    func `it tells the signal`(signal: Int32) async throws {
        let child = try ChildProcess("/bin/sleep", ["3600"])
        #expect(child.isRunning && child.end == nil)
        child.send(signal)
        #expect(await child.ended() == .killed(signal: signal))
    }

    @Test func `everyone who waits is told`() async throws {
        let child = try shell("read line", input: .pipe)
        let ends = await withTaskGroup { group in
            for _ in 0..<20 { group.addTask { await child.ended() } }
            child.input.close()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(ends == Array(repeating: .exited(status: 1), count: 20))
    }

    @Test func `an output longer than a pipe is read to its end`() async throws {
        let child = try ChildProcess("/usr/bin/head", ["-c", "1048576", "/dev/zero"], output: .pipe)
        #expect(try await child.output.rest() == [UInt8](repeating: 0, count: 1 << 20))
        #expect(await child.ended() == .exited(status: 0))
        #expect(try await child.output.next().isEmpty)
    }

    @Test func `both outputs have pipes of their own`() async throws {
        let child = try shell("echo out; echo err >&2", errors: .pipe)
        #expect(try await said(by: child) == "out\n")
        #expect(try await child.errors.rest() == Array("err\n".utf8))
    }

    @Test func `it reads what is written to it, up to the end`() async throws {
        let child = try ChildProcess("/bin/cat", input: .pipe, output: .pipe)
        let text = [UInt8](repeating: 0x61, count: 1 << 20)
        async let read = child.output.rest()
        try await child.input.write(text)
        child.input.close()
        #expect(try await read == text)
        await #expect(throws: SystemError(code: EBADF)) { try await child.input.write(text) }
    }

    @Test func `writing to one that has ended is an error, not a signal`() async throws {
        let child = try shell("exit", input: .pipe)
        await child.ended()
        await #expect(throws: SystemError(code: EPIPE)) { try await child.input.write([1]) }
    }

    @Test func `without a pipe it reads the end and nothing can be written to it`() async throws {
        let child = try ChildProcess("/bin/cat")
        #expect(await child.ended() == .exited(status: 0))
        await #expect(throws: SystemError(code: EBADF)) { try await child.input.write([1]) }
        #expect(try await child.output.rest().isEmpty)
    }

    @Test func `it has the given environment only, or else this process's`() async throws {
        let own = try ChildProcess("/usr/bin/env", environment: ["A": "1=2"], output: .pipe)
        #expect(try await said(by: own) == "A=1=2\n")
        let same = try shell("echo $PATH")
        #expect(try await said(by: same) == ProcessInfo.processInfo.environment["PATH", default: ""] + "\n")
    }

    @Test func `files are appended to, and may be shared`() async throws {
        try await TemporaryFolder.lend("child") { folder in
            let file = folder.appending(path: "output").path
            for _ in 0..<2 {
                await
                    (try shell(
                        "echo out; echo err >&2; pwd", folder: folder.path, output: .file(file), errors: .file(file)))
                    .ended()
            }
            let path = folder.resolvingSymlinksInPath().path
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "out\nerr\n\(path)\nout\nerr\n\(path)\n")
        }
    }

    @Test(arguments: ["/nowhere/program", "program-that-is-searched-for"])
    func `a missing program is said`(program: String) {
        let problem = #expect(throws: SystemError.self) { try ChildProcess(program, output: .pipe) }
        #expect(problem?.description == "No such file or directory")
    }

    @Test func `a missing folder or file is said`() {
        #expect(throws: SystemError(code: ENOENT)) { try shell("exit", folder: "/nowhere") }
        #expect(throws: SystemError(code: ENOENT)) { try shell("exit", output: .file("/nowhere/file")) }
        #expect(throws: SystemError(code: EACCES)) { try ChildProcess("/etc/passwd") }
    }

    /// Each would keep the end of another one's pipe from coming, if it inherited that.
    @Test func `many at once have no open file but their own three, and all of them end`() async throws {
        let lists = try await withThrowingTaskGroup { group in
            for _ in 0..<40 {
                group.addTask {
                    // The fourth is the folder that is listed.
                    let child = try ChildProcess(
                        "/bin/ls", ["/proc/self/fd"], input: .pipe, output: .pipe, errors: .pipe)
                    let list = String(decoding: try await child.output.rest(), as: UTF8.self)
                    #expect(await child.ended() == .exited(status: 0))
                    return list
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(lists == Array(repeating: "0\n1\n2\n3\n", count: 40))
    }

    @Test func `a file that this process lets children inherit is not open in one`() async throws {
        let file = unsafe open("/dev/null", O_RDONLY)
        defer { close(file) }
        let child = try ChildProcess("/bin/ls", ["/proc/self/fd"], output: .pipe)
        #expect(try await said(by: child) == "0\n1\n2\n3\n")
    }

    @Test func `no signal is blocked, and SIGPIPE is not ignored`() async throws {
        let child = try ChildProcess("/bin/grep", ["-E", "SigBlk|SigIgn", "/proc/self/status"], output: .pipe)
        let masks = try await said(by: child).split(separator: "\n").compactMap { line in
            line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
        }
        #expect(masks.count == 2 && masks[0] == 0 && masks[1] & (1 << (UInt64(SIGPIPE) - 1)) == 0)
    }

    @Test func `a signal after the end does nothing`() async throws {
        let child = try shell("exit 3")
        await child.ended()
        child.send(SIGKILL)
        #expect(child.end == .exited(status: 3))
        #expect(!ProcessTable.contains(child.processID))
    }

    @Test func `one that nobody holds any more reads the end`() async throws {
        var child: ChildProcess? = try ChildProcess("/bin/cat", input: .pipe, output: .pipe)
        let output = try #require(child?.output)
        child = nil
        #expect(try await output.rest().isEmpty)
    }
}
