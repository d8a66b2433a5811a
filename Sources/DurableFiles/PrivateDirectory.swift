internal import Glibc

/// A directory that only its owner can enter: where keys and state live.
public enum PrivateDirectory {
    /// Creates the directory (not its parents) if it is missing, then checks it.
    public static func prepare(_ path: String) throws(FileFailure) {
        let made = unsafe mkdir(trimmed(path), 0o700)
        guard made == 0 || errno == EEXIST else { throw .system(path, .create) }
        try check(path)
        // What will be synced inside must not be lost with the entry of the directory itself.
        if made == 0 { try Folder(Folder.split(trimmed(path)).parent, followsLink: true).sync() }
    }

    /// - Throws: `FileFailure.symbolicLink`, `.notADirectory`, `.wrongOwner` and `.tooOpen`; nothing is mended, since
    ///   whoever could have read the directory may have.
    public static func check(_ path: String) throws(FileFailure) {
        var status = stat()
        // A slash at the end would make the system follow a link.
        guard unsafe lstat(trimmed(path), &status) == 0 else { throw .system(path, .inspect) }
        switch status.st_mode & S_IFMT {
        case S_IFLNK: throw .symbolicLink(path: path)
        case S_IFDIR: break
        default: throw .notADirectory(path: path)
        }
        try status.checkPrivate(path)
    }

    private static func trimmed(_ path: String) -> String {
        let name = path.reversed().drop { $0 == "/" }
        return name.isEmpty ? path : String(name.reversed())
    }
}

extension stat {
    /// Owned by this process's user, and nobody else has any right to it.
    func checkPrivate(_ path: String) throws(FileFailure) {
        guard st_uid == geteuid() else { throw .wrongOwner(path: path, owner: st_uid, expected: geteuid()) }
        guard st_mode & 0o077 == 0 else { throw .tooOpen(path: path, mode: st_mode & 0o7777) }
    }
}
