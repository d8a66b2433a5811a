internal import Glibc

/// This program's own files, there whole or not at all, whatever happens while they are written. A symbolic link in such
/// a place is somebody else's doing.
public enum AtomicFile {
    public enum Mode: Hashable, Sendable {
        /// 0600: only the owner.
        case `private`
        /// 0644: everyone may read.
        case `public`

        var bits: mode_t {
            switch self {
            case .private: 0o600
            case .public: 0o644
            }
        }
    }

    /// What is promised when a write returns.
    public enum Promise: Hashable, Sendable {
        /// The bytes are on disk.
        case synced
        /// They will be there some time; until then a power cut may leave the old file, an empty one or none. For hints.
        case written
    }

    /// Writes under a temporary name, syncs, renames and syncs the directory. When it returns the bytes are on disk, if
    /// that was asked for; when it throws the old file stands unless only the last sync failed.
    ///
    /// - Parameters:
    ///   - path: a symbolic link there is replaced, not followed.
    ///   - label: the prefix of this write's `CrashPoint`s.
    public static func write(
        _ bytes: [UInt8], to path: String, mode: Mode = .private, promise: Promise = .synced, label: String? = nil
    ) throws(FileFailure) {
        try replace(path, with: bytes, mode: mode, promise: promise, label: label) { _, _ throws(FileFailure) in }
    }

    /// The whole file; `nil` if there is none.
    ///
    /// - Parameters:
    ///   - limit: a larger file is refused without being read to its end.
    ///   - mode: `.private` refuses a file that others than its owner, this process's user, could read or write. Root reads
    ///     anybody's, for `status` of a service that runs as a user of its own.
    public static func read(_ path: String, limit: Int, mode: Mode = .public) throws(FileFailure) -> [UInt8]? {
        do throws(FileFailure) {
            // Not to wait for a writer if it is a pipe.
            let file = try OpenFile(path, flags: O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
            let status = try file.status()
            guard status.st_mode & S_IFMT == S_IFREG else { throw FileFailure.notAFile(path: path) }
            if mode == .private { try status.checkPrivate(path, readByRoot: true) }
            return try file.readAll(limit: limit)
        } catch {
            switch error {
            case .system(_, .open, ENOENT): return nil
            case .system(_, .open, ELOOP): throw .symbolicLink(path: path)
            default: throw error
            }
        }
    }

    /// Removes the file and syncs the directory; nothing happens if there is none.
    public static func remove(_ path: String) throws(FileFailure) {
        let (parent, name) = Folder.split(path)
        let folder = try Folder(parent)
        do throws(FileFailure) {
            try folder.remove(name)
        } catch {
            guard case .system(_, .remove, ENOENT) = error else { throw error }
        }
        try folder.sync()
    }

    /// - Parameter prepare: runs when the new file is complete and before it takes the old one's place.
    static func replace(
        _ path: String, with bytes: [UInt8], mode: Mode, promise: Promise = .synced, label: String?,
        _ prepare: (borrowing Folder, String) throws(FileFailure) -> Void
    ) throws(FileFailure) {
        let (parent, name) = Folder.split(path)
        let folder = try Folder(parent)
        CrashPoint.reach(label, .beforeTemp)
        let temporary = try folder.writeTemporary(for: name, bytes, mode: mode.bits, promise: promise)
        do throws(FileFailure) {
            CrashPoint.reach(label, .tempSynced)
            try prepare(folder, name)
            try folder.rename(temporary, to: name)
        } catch {
            try? folder.remove(temporary)
            throw error
        }
        CrashPoint.reach(label, .renamed)
        if promise == .synced { try folder.sync() }
        CrashPoint.reach(label, .directorySynced)
    }
}
