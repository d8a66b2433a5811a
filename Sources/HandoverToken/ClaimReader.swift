import Vocabulary

/// Takes typed values out of a JSON object and says which claim is not what it should be.
struct ClaimReader {
    private let json: JSON
    private let path: String

    init(_ json: JSON, path: String = "") throws(ClaimDefect) {
        guard json.members != nil else { throw ClaimDefect(path.isEmpty ? "payload" : path, .wrongForm) }
        self.json = json
        self.path = path
    }

    func required<Value>(_ name: String, _ read: (JSON) -> Value?) throws(ClaimDefect) -> Value {
        guard let value = try optional(name, read) else { throw defect(name, .missing) }
        return value
    }

    /// - Returns: `nil` only if the claim is absent; `null` is of the wrong form.
    func optional<Value>(_ name: String, _ read: (JSON) -> Value?) throws(ClaimDefect) -> Value? {
        guard let found = json[name] else { return nil }
        guard let value = read(found) else { throw defect(name, .wrongForm) }
        return value
    }

    func object(_ name: String, only names: Set<String>) throws(ClaimDefect) -> ClaimReader {
        guard let found = json[name] else { throw defect(name, .missing) }
        let reader = try ClaimReader(found, path: full(name))
        guard found.members?.allSatisfy({ names.contains($0.name) }) == true else {
            throw defect(name, .unexpectedMember)
        }
        return reader
    }

    func objects(_ name: String, only names: Set<String>) throws(ClaimDefect) -> [ClaimReader] {
        var readers: [ClaimReader] = []
        for element in try required(name, \.array) {
            let reader = try ClaimReader(element, path: full(name))
            guard element.members?.allSatisfy({ names.contains($0.name) }) == true else {
                throw defect(name, .unexpectedMember)
            }
            readers.append(reader)
        }
        return readers
    }

    func string(_ name: String) throws(ClaimDefect) -> String { try required(name, \.string) }

    func identifier<Kind>(_ name: String) throws(ClaimDefect) -> Identifier<Kind> {
        try required(name) { $0.string.flatMap { Identifier($0) } }
    }

    /// RFC 7519 NumericDate, restricted to whole seconds of the years 1970 to 9999.
    func time(_ name: String) throws(ClaimDefect) -> Timestamp {
        let seconds = try required(name, \.integer)
        guard (0...253_402_300_799).contains(seconds) else { throw defect(name, .outOfBounds) }
        return Timestamp(seconds: seconds)
    }

    /// A number that is not negative.
    func count(_ name: String) throws(ClaimDefect) -> UInt64 {
        guard let value = UInt64(exactly: try required(name, \.integer)) else { throw defect(name, .outOfBounds) }
        return value
    }

    func endpoint(_ name: String) throws(ClaimDefect) -> Endpoint {
        let text = try string(name)
        do throws(EndpointRefusal) { return try Endpoint(text) } catch { throw defect(name, .endpoint(error)) }
    }

    func defect(_ name: String, _ reason: ClaimDefect.Reason) -> ClaimDefect { ClaimDefect(full(name), reason) }

    private func full(_ name: String) -> String { path.isEmpty ? name : path + "." + name }
}
