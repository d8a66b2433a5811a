import DurableFiles
import HostSystem
public import OpAMPProto
import Vocabulary

/// One file, and a command that makes its reader take notice.
public struct FileSink: ConfigurationSink {
    private let path: String
    private let reloadCommand: String?
    private let limit: Duration

    /// - Parameters:
    ///   - reloadCommand: for `/bin/sh -c`; anything but status 0 fails and puts the file before back, with its owner and
    ///     mode, or removes the new one if there was none. A process that ends meanwhile leaves that to the next one.
    ///   - limit: how long the command may take.
    public init(path: String, reloadCommand: String? = nil, limit: Duration = .seconds(30)) {
        self.path = path
        self.reloadCommand = reloadCommand
        self.limit = limit
    }

    public func apply(_ configuration: AgentConfigMap) async throws(ConfigurationRejection) -> EffectiveConfig? {
        guard configuration.configMap.count == 1, let file = configuration.configMap.values.first else {
            throw ConfigurationRejection("it has \(configuration.configMap.count) files; this agent takes exactly one")
        }
        let target = UndoableFile(path)
        do {
            try target.replace(with: file.body)
        } catch {
            throw ConfigurationRejection(error.operatorMessage.cause)
        }
        if let problem = await reload() {
            do throws(FileFailure) {
                try target.undo()
            } catch {
                let cause = error.operatorMessage.cause
                throw ConfigurationRejection("\(problem), and the file before is not back: \(cause)")
            }
            throw ConfigurationRejection(problem)
        }
        do {
            try target.confirm()
        } catch {
            throw ConfigurationRejection(error.operatorMessage.cause)
        }
        return EffectiveConfig(configMap: configuration)
    }

    /// What was not confirmed is put back first, not to be taken for the effective configuration.
    public func current() -> EffectiveConfig? {
        try? UndoableFile(path).undo()
        guard let body = try? AtomicFile.read(path, limit: Limits.messageBytes) else { return nil }
        return EffectiveConfig(configMap: AgentConfigMap(configMap: ["": AgentConfigFile(body: body)]))
    }

    private func reload() async -> String? {
        guard let reloadCommand else { return nil }
        return switch await ShellCommand.run(reloadCommand, limit: limit) {
        case .ended(.exited(status: 0)): nil
        case .ended(let end): "the reload command \(end)"
        case .tooSlow: "the reload command took longer than \(DurationText.write(limit))"
        case .notStarted(let problem): "the reload command could not be started: \(problem)"
        }
    }
}
