import DurableFiles
public import OpAMPProto
import Synchronization
import Vocabulary

/// Files that another program reads: one, or a directory of them.
///
/// A configuration is staged beside the present one, validated by a command, put in place in one step, and announced by another
/// command. Whatever of this fails, the present one stays or comes back, with owners and modes. A process that ends meanwhile
/// leaves that to the next one.
public struct FileSink: ConfigurationSink {
    /// More files are no configuration of anything, and each costs an entry of the file system.
    static let longestSet = 1000

    private enum Target {
        case file(UndoableFile)
        case directory(UndoableDirectory)

        var undoable: any UndoableTarget {
            switch self {
            case .file(let file): file
            case .directory(let directory): directory
            }
        }
    }

    private let target: Target
    private let validation: SinkSettings.Command?
    private let reload: SinkSettings.Command?
    private let isRestored = Flag()

    public init(_ settings: SinkSettings) {
        target =
            switch settings.target {
            case .file(let path): .file(UndoableFile(path))
            case .directory(let path): .directory(UndoableDirectory(path))
            }
        validation = settings.validation
        reload = settings.reload
    }

    public func apply(_ configuration: AgentConfigMap) async throws(ConfigurationRejection) -> EffectiveConfig? {
        let staged = try stage(configuration)
        do throws(ConfigurationRejection) {
            try await validation?.run(as: "validation", on: staged)
            try Self.touching { () throws(FileFailure) in try target.undoable.replace() }
        } catch {
            throw try undone(after: error)
        }
        do throws(ConfigurationRejection) {
            try await reload?.run(as: "reload", on: target.undoable.path)
            try Self.touching { () throws(FileFailure) in try target.undoable.confirm() }
        } catch {
            let rejection = try undone(after: error)
            throw await reloaded(after: rejection)
        }
        return EffectiveConfig(configMap: configuration)
    }

    /// What was not confirmed is put back first, not to be taken for the effective configuration.
    public func current() -> EffectiveConfig? {
        if (try? target.undoable.undo()) == true { isRestored.raise() }
        let files: [String: [UInt8]]?
        switch target {
        case .file(let file):
            files = (try? AtomicFile.read(file.path, limit: Self.readLimit)).flatMap { $0.map { ["": $0] } }
        case .directory(let directory): files = try? directory.read(limit: Self.readLimit)
        }
        return files.map {
            EffectiveConfig(configMap: AgentConfigMap(configMap: $0.mapValues { AgentConfigFile(body: $0) }))
        }
    }

    /// The process before may have ended after its reader had loaded what was put back now.
    public func announceRestored() async throws(ConfigurationRejection) {
        guard isRestored.lower(), (try? target.undoable.isPresent()) == true else { return }
        try await reload?.run(as: "reload", on: target.undoable.path)
    }

    /// No report has more.
    private static let readLimit = HostConfiguration.MessageLimits.range.upperBound

    private func stage(_ configuration: AgentConfigMap) throws(ConfigurationRejection) -> String {
        let files = configuration.configMap.mapValues(\.body)
        switch target {
        case .file(let file):
            guard files.count == 1, let body = files.values.first else {
                throw ConfigurationRejection("it has \(files.count) files; this agent takes exactly one")
            }
            return try Self.touching { () throws(FileFailure) in try file.stage(body) }
        case .directory(let directory):
            // A server that has nothing for a host says so with no configuration at all.
            guard 1...Self.longestSet ~= files.count else {
                throw ConfigurationRejection(
                    "it has \(files.count) files; this agent takes 1 to \(Self.longestSet)")
            }
            for name in files.keys.sorted() { try ConfigurationFileName.check(name) }
            return try Self.touching { () throws(FileFailure) in try directory.stage(files) }
        }
    }

    /// - Returns: the same rejection, once the configuration before is back.
    private func undone(after rejection: ConfigurationRejection) throws(ConfigurationRejection)
        -> ConfigurationRejection
    {
        do throws(FileFailure) {
            try target.undoable.undo()
            return rejection
        } catch {
            throw ConfigurationRejection(
                "\(rejection.reason), and the configuration before is not back: \(error.operatorMessage.cause)",
                mayPass: rejection.mayPass)
        }
    }

    /// The reader may have ended with the configuration that it did not take.
    private func reloaded(after rejection: ConfigurationRejection) async -> ConfigurationRejection {
        guard (try? target.undoable.isPresent()) == true else { return rejection }
        do throws(ConfigurationRejection) {
            try await reload?.run(as: "reload", on: target.undoable.path)
            return rejection
        } catch {
            return ConfigurationRejection(
                "\(rejection.reason); with the configuration before, \(error.reason)", mayPass: rejection.mayPass)
        }
    }

    private static func touching<Value>(
        _ body: () throws(FileFailure) -> Value
    ) throws(ConfigurationRejection) -> Value {
        do throws(FileFailure) {
            return try body()
        } catch {
            throw ConfigurationRejection(error.operatorMessage.cause, mayPass: true)
        }
    }
}

/// Says once that something has happened.
private final class Flag: Sendable {
    private let isUp = Mutex(false)

    func raise() { isUp.withLock { $0 = true } }

    /// - Returns: whether it was up.
    func lower() -> Bool {
        isUp.withLock { isUp in
            defer { isUp = false }
            return isUp
        }
    }
}
