/// One row of the program's table.
struct Command: Sendable {
    struct Option: Sendable {
        let name: String
        /// What the value is; `nil` for a switch.
        let takes: String?
        let help: String

        static let config = Option(
            name: "--config", takes: "FILE", help: "the configuration file (docs/operator/agent.md)")
        static let json = Option(name: "--json", takes: nil, help: "for scripts")
        static let logFormat = Option(
            name: "--log-format", takes: "text|json", help: "overrides log.format of the file")
    }

    let name: String
    let summary: String
    let details: String
    let options: [Option]
    var isHidden = false
    /// It minds SIGTERM and SIGINT itself; every other command just ends.
    var takesLeave = false
    let body: @Sendable (Options) async throws -> ExitCode

    var help: String {
        let rows = options.map { option in
            let left = option.name + (option.takes.map { " \($0)" } ?? "")
            return "  \(left)\(String(repeating: " ", count: max(1, 26 - left.count)))\(option.help)"
        }
        return """
            opamp-agent \(name): \(summary)

            \(details)

            \(rows.joined(separator: "\n"))

            \(ExitCode.words)
            """
    }
}
