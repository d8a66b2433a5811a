/// What stands behind a command on the command line.
struct Options {
    private var values: [String: String] = [:]
    private var switches: Set<String> = []
    private(set) var wantsHelp = false

    init(_ arguments: [String], for command: Command) throws(UsageRefusal) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--help" || argument == "-h" {
                wantsHelp = true
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let option = command.options.first(where: { $0.name == parts[0] }) else {
                throw UsageRefusal("there is no option \(argument.prefix(40))")
            }
            guard option.takes != nil else {
                guard parts.count == 1 else { throw UsageRefusal("\(option.name) takes no value") }
                switches.insert(option.name)
                continue
            }
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst(), !value.isEmpty else {
                throw UsageRefusal("\(option.name) needs a value")
            }
            guard values.updateValue(value, forKey: option.name) == nil else {
                throw UsageRefusal("\(option.name) is given twice")
            }
        }
    }

    func has(_ name: String) -> Bool { switches.contains(name) }

    subscript(name: String) -> String? { values[name] }

    func required(_ name: String) throws(UsageRefusal) -> String {
        guard let value = values[name] else { throw UsageRefusal("\(name) is missing") }
        return value
    }
}

struct UsageRefusal: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
