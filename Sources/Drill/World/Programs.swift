package import Foundation

/// The programs under test. A drill runs what an operator would run, and finds it beside its own executable.
package struct Programs: Sendable {
    package let server: URL
    package let agent: URL

    /// - Parameter directory: where the programs are; beside the running executable when absent.
    /// - Throws: `WorldFailure.programMissing`.
    package init(in directory: URL? = nil) throws {
        let folder = directory ?? Self.ownFolder
        server = try Self.program("mini-server", in: folder)
        agent = try Self.program("opamp-agent", in: folder)
    }

    private static var ownFolder: URL {
        (Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0]))
            .resolvingSymlinksInPath().deletingLastPathComponent()
    }

    private static func program(_ name: String, in folder: URL) throws -> URL {
        let program = folder.appending(path: name)
        guard FileManager.default.isExecutableFile(atPath: program.path) else {
            throw WorldFailure.programMissing(program.path)
        }
        return program
    }
}
