import AgentExtension
import Glibc
import HostSystem
import Vocabulary

/// The daemon and its small commands.
@main struct OpAMPAgent {
    static let commands: [Command] = [.run, .enroll, .status, .check, .reset, .crashPoints]

    /// Not `async`: the main thread of an asynchronous main waits in libdispatch with every signal open, and SIGTERM
    /// would end the process there.
    static func main() {
        ProgramSignal.block()
        // Detached, because the main actor's thread is the one that waits here.
        Task.detached { end(with: await run(Array(CommandLine.arguments.dropFirst()))) }
        while true { pause() }
    }

    private static func run(_ arguments: [String]) async -> ExitCode {
        guard let name = arguments.first else { return usage(problem: "there is no command") }
        if ["--help", "-h", "help"].contains(name) {
            StandardStream.output.write(line: overview)
            return .done
        }
        guard let command = commands.first(where: { $0.name == name }) else {
            return usage(problem: "there is no command \"\(name)\"")
        }
        do {
            let options = try Options(Array(arguments.dropFirst()), for: command)
            if options.wantsHelp {
                StandardStream.output.write(line: command.help)
                return .done
            }
            if !command.takesLeave { try ProgramSignal.onEach { _ in end(with: .interrupted) } }
            return try await command.body(options)
        } catch let refusal as UsageRefusal {
            LineWriter.standardError.write("opamp-agent \(name): \(refusal.reason)\n\n\(command.help)")
            return .wrongUsage
        } catch let error as any OperatorExplainable {
            LineWriter.standardError.write("opamp-agent \(name): \(error.operatorMessage)")
            return ExitCode(error)
        } catch {
            LineWriter.standardError.write("opamp-agent \(name): \(error)")
            return .failed
        }
    }

    private static func usage(problem: String) -> ExitCode {
        LineWriter.standardError.write("opamp-agent: \(problem)\n\n\(overview)")
        return .wrongUsage
    }

    private static var overview: String {
        let lines = commands.filter { !$0.isHidden }.map { command in
            "  \(command.name)\(String(repeating: " ", count: 10 - command.name.count))\(command.summary)"
        }
        return """
            An OpAMP agent that can be handed from one server to another without losing its identity.

            opamp-agent <command> [options]

            \(lines.joined(separator: "\n"))

            Run opamp-agent <command> --help for its options. \(ExitCode.words)
            """
    }
}
