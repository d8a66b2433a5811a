import AgentCore
import AgentExtension
import Glibc
import HostSystem
import OpAMPProto
import Vocabulary

/// A host program with as many agents as configuration files are named, on one shared loop. It is a process of its own, so that
/// what the kernel says of it is what agents cost. They may move more often than the agents of an operator.
///
/// Standard output tells what happens, a line each: name, milliseconds, event, contact, leaf. Standard input takes `health N`,
/// which changes the health of the first agent N times, 1 ms apart; its end is the program's.
@main struct HostedAgent {
    static func main() {
        let files = Array(CommandLine.arguments.dropFirst())
        _ = OpenFiles.limit(raisedTo: 65_536)
        do {
            let loops = try AgentLoops()
            let agents = try files.map { file in try Member(file: file, on: loops) }
            while let line = readLine() {
                let words = line.split(separator: " ")
                guard words.first == "health", let agent = agents.first?.agent,
                    let count = words.last.flatMap({ Int($0) })
                else { continue }
                Task.detached {
                    for number in 0..<count {
                        await agent.setHealth(ComponentHealth(healthy: true, status: "state \(number)"))
                        usleep(1000)
                    }
                    StandardStream.output.write(line: "done")
                }
            }
        } catch {
            StandardStream.error.write(line: "hosted-agent: \(error)")
            exit(1)
        }
    }
}

private struct Member {
    let agent: AgentExtension

    init(file: String, on loops: AgentLoops) throws {
        var configuration = try HostConfiguration(file: file)
        configuration.policy.adoptionLimit = 1_000_000
        configuration.policy.attemptLimit = 1_000_000
        configuration.timings.workAtOnce = 1_000_000
        let name = file.split(separator: "/").last?.prefix { $0 != "." } ?? ""
        agent = try AgentExtension.start(configuration, on: loops, log: AgentLog(minimum: .error) { _ in })
        let news = agent.news
        Task.detached {
            for await item in news {
                StandardStream.output.write(
                    line: "\(name) \(item.at.milliseconds) \(item.event.rawValue) \(item.snapshot.contact.rawValue) "
                        + (item.snapshot.leaf?.description ?? "-"))
            }
        }
    }
}
