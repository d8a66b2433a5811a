import Vocabulary

extension SinkSettings {
    private static let limits = Duration.seconds(1)...Duration.seconds(3600)

    /// `nil` without a section `config_sink`.
    init?(_ file: ConfigurationSection) throws(ConfigurationRefusal) {
        let commands = ["validate", "reload"]
        guard
            let section = try file.section(
                "config_sink",
                keys: ["path", "directory"] + commands.flatMap { ["\($0)_command", "\($0)_timeout"] })
        else { return nil }
        let directory = try section.text("directory")
        switch (try section.text("path"), directory) {
        case (let path?, nil): target = .file(path: path.content)
        case (nil, let directory?): target = .directory(path: directory.content)
        case (nil, nil): throw .missing("config_sink.path")
        case (_?, let directory?):
            throw .conflict("config_sink.directory", with: "config_sink.path", line: directory.line)
        }
        validation = try Self.command("validate", in: section)
        reload = try Self.command("reload", in: section)
    }

    private static func command(
        _ name: String, in section: ConfigurationSection
    ) throws(ConfigurationRefusal) -> Command? {
        let limit = try section.duration("\(name)_timeout", in: limits)
        return try section.text("\(name)_command").map { text in
            var command = Command(text.content)
            if let limit { command.limit = limit }
            return command
        }
    }
}
