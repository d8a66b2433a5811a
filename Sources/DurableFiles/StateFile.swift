public import Vocabulary

/// One value that must survive: checksummed, numbered, with the generation before it kept as `<path>.previous`.
///
/// One process writes, and that is the one that holds the `DirectoryLock`; anyone with the right may read.
public struct StateFile: Hashable, Sendable {
    public struct Loaded: Hashable, Sendable {
        public let payload: [UInt8]
        /// Counts the saves, from 1.
        public let generation: UInt64
        /// The newest generation could not be read; this is the previous one, and the caller should report it.
        public let recoveredFromPrevious: Bool
    }

    public let path: String
    private let label: String?
    private let limit: Int

    /// - Parameters:
    ///   - label: the prefix of this file's `CrashPoint`s.
    ///   - limit: how many bytes a payload may have, both ways.
    public init(path: String, label: String? = nil, limit: Int = Limits.jsonBytes) {
        self.path = path
        self.label = label
        self.limit = limit
    }

    public var previousPath: String { path + ".previous" }

    /// Replaces the value. A crash at any moment leaves the old generation or the new one as the one that loads.
    ///
    /// If both generations are damaged, it starts a new file: the caller has loaded before it saves.
    ///
    /// - Throws: `FileFailure.newerFormat` rather than overwrite what a newer version wrote, and `.tooLarge`.
    public func save(_ payload: [UInt8]) throws(FileFailure) {
        guard payload.count <= limit else { throw .tooLarge(path: path, limit: limit) }
        // A damaged file must not take the place of a good previous generation.
        let keepsCurrent: Bool
        let generation: UInt64
        switch try (read(path), read(previousPath)) {
        case (.newer(let version), _), (_, .newer(let version)): throw .newerFormat(path: path, version: version)
        case (.valid(_, let current), _): (keepsCurrent, generation) = (true, current)
        // The damaged one had a number too.
        case (_, .valid(_, let previous)): (keepsCurrent, generation) = (false, previous + 1)
        default: (keepsCurrent, generation) = (false, 0)
        }
        let record = StateRecord.encode(payload, generation: generation + 1)
        try AtomicFile.replace(path, with: record, mode: .private, label: label) { folder, name throws(FileFailure) in
            guard keepsCurrent else { return }
            try folder.link(name, as: name + ".previous")
            CrashPoint.reach(label, .previousKept)
        }
    }

    /// The newest generation that can be read; `nil` if nothing was ever saved.
    ///
    /// - Throws: `FileFailure.corrupt` when there is something and none of it can be read; `.newerFormat`.
    public func load() throws(FileFailure) -> Loaded? {
        let current = try read(path)
        if case .valid(let payload, let generation) = current {
            return Loaded(payload: payload, generation: generation, recoveredFromPrevious: false)
        }
        let previous = try read(previousPath)
        switch (current, previous) {
        case (.newer(let version), _), (_, .newer(let version)): throw .newerFormat(path: path, version: version)
        case (_, .valid(let payload, let generation)):
            return Loaded(payload: payload, generation: generation, recoveredFromPrevious: true)
        case (nil, nil): return nil
        case (.damaged?, _), (_, .damaged?), (.valid?, _): throw .corrupt(path: path)
        }
    }

    /// The generation before the newest, for a caller that reads the newest one's bytes and cannot make sense of them; `nil`
    /// when there is none that can be read.
    public func loadPrevious() throws(FileFailure) -> Loaded? {
        guard case .valid(let payload, let generation) = try read(previousPath) else { return nil }
        return Loaded(payload: payload, generation: generation, recoveredFromPrevious: true)
    }

    private func read(_ path: String) throws(FileFailure) -> StateRecord.Reading? {
        do {
            return try AtomicFile.read(path, limit: limit + StateRecord.headCount).map(StateRecord.read)
        } catch .tooLarge {
            return .damaged
        }
    }
}
