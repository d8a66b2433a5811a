internal import Glibc

/// A file that another program reads. It keeps its owner and mode when it is replaced, and what stood there is kept beside
/// it until the replacement is confirmed: also a process that begins after a kill can put it back.
public struct UndoableFile: Sendable {
    private let path: String

    public init(_ path: String) {
        self.path = path
    }

    /// Writes the new content, durably, after what there was is kept durably.
    ///
    /// - Throws: before anything has changed, if what stands there could not be put back as it is: it is no regular file, or
    ///   belongs to a user whose files this process cannot make.
    public func replace(with bytes: [UInt8]) throws(FileFailure) {
        try undo()
        let (parent, name) = Folder.split(path)
        let folder = try Folder(parent)
        let present = try status(of: name, in: folder)
        if present == nil {
            try folder.rename(
                try folder.writeTemporary(for: name, [], mode: 0o600, promise: .synced), to: Self.absent(name))
        } else {
            try folder.link(name, as: Self.before(name))
        }
        try folder.sync()
        let owner = present.map { (user: $0.st_uid, group: $0.st_gid) }
        let temporary = try folder.writeTemporary(
            for: name, bytes, mode: present.map { $0.st_mode & 0o7777 } ?? 0o600, owner: owner, promise: .synced)
        do throws(FileFailure) {
            try folder.rename(temporary, to: name)
        } catch {
            try? folder.remove(temporary)
            throw error
        }
        try folder.sync()
    }

    /// The new content stays.
    public func confirm() throws(FileFailure) {
        let (parent, name) = Folder.split(path)
        let folder = try Folder(parent)
        for kept in [Self.before(name), Self.absent(name)] {
            try Self.ifPresent { () throws(FileFailure) in try folder.remove(kept) }
        }
        try folder.sync()
    }

    /// Puts back what a replacement that nobody has confirmed replaced. Without one nothing happens.
    public func undo() throws(FileFailure) {
        let (parent, name) = Folder.split(path)
        let folder = try Folder(parent)
        try folder.removeLeftovers(of: name)
        try Self.ifPresent { () throws(FileFailure) in
            _ = try folder.open(Self.absent(name), flags: O_RDONLY)
            try Self.ifPresent { () throws(FileFailure) in try folder.remove(name) }
            try folder.sync()
            try folder.remove(Self.absent(name))
        }
        try Self.ifPresent { () throws(FileFailure) in
            try folder.rename(Self.before(name), to: name)
            // POSIX: renaming one link of a file onto another does nothing and leaves both.
            try folder.remove(Self.before(name))
        }
        try folder.sync()
    }

    private func status(of name: String, in folder: borrowing Folder) throws(FileFailure) -> stat? {
        let status: stat
        do throws(FileFailure) {
            status = try folder.open(name, flags: O_RDONLY | O_NONBLOCK).status()
        } catch {
            switch error {
            case .system(_, .open, ENOENT): return nil
            case .system(_, .open, ELOOP): throw .symbolicLink(path: path)
            default: throw error
            }
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        let user = geteuid()
        guard user == 0 || status.st_uid == user else {
            throw .wrongOwner(path: path, owner: status.st_uid, expected: user)
        }
        return status
    }

    private static func ifPresent(_ body: () throws(FileFailure) -> Void) throws(FileFailure) {
        do throws(FileFailure) {
            try body()
        } catch {
            guard case .system(_, _, ENOENT) = error else { throw error }
        }
    }

    private static func before(_ name: String) -> String { ".\(name).before" }

    /// Beside a file that did not exist.
    private static func absent(_ name: String) -> String { ".\(name).absent" }
}
