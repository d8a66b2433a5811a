import ServerAPI

/// Which methods the paths of this server take, to tell a wrong method from a wrong path.
struct KnownPaths: Sendable {
    private let entries: [(segments: [Substring], method: String)]

    init(_ routes: [(method: String, template: String)]) {
        entries = routes.map { (Self.segments($0.template), $0.method) }
    }

    /// In alphabetical order; none where the path is not known.
    func methods(at path: String) -> [String] {
        let asked = Self.segments(path)
        let found = entries.filter { entry in
            entry.segments.count == asked.count
                && zip(entry.segments, asked).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        return Set(found.map(\.method)).sorted()
    }

    private static func segments(_ path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false)
    }
}
