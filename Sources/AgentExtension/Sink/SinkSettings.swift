/// `config_sink` of the configuration file.
public struct SinkSettings: Hashable, Sendable {
    public enum Target: Hashable, Sendable {
        /// One file.
        case file(path: String)
        /// A directory of files, replaced as one set.
        case directory(path: String)
    }

    /// For `/bin/sh -c`; the path that it is about is `$1`.
    public struct Command: Hashable, Sendable {
        public var line: String
        /// When it is over, the command is killed with everything that it started.
        public var limit: Duration

        public init(_ line: String, limit: Duration = .seconds(30)) {
            self.line = line
            self.limit = limit
        }
    }

    public var target: Target
    /// Before a configuration takes effect; `$1` is where it is staged.
    public var validation: Command?
    /// When a configuration has taken effect; `$1` is its path.
    public var reload: Command?

    public init(_ target: Target, validation: Command? = nil, reload: Command? = nil) {
        self.target = target
        self.validation = validation
        self.reload = reload
    }
}
