internal import Glibc

/// A directory that only its owner can enter: where keys and state live. An operator names it, so a symbolic link may
/// lead to it; what counts is the directory where it ends.
public enum PrivateDirectory {
    /// Creates the directory (not its parents) if it is missing, then checks it.
    ///
    /// - Returns: its path without symbolic links. Who goes on with it stays in the directory that was checked when a
    ///   link is replaced.
    @discardableResult
    public static func prepare(_ path: String) throws(FileFailure) -> String {
        let made = unsafe mkdir(path, 0o700)
        guard made == 0 || errno == EEXIST else { throw .system(path, .create) }
        guard let resolved = unsafe realpath(path, nil) else { throw .system(path, .inspect) }
        defer { unsafe free(resolved) }
        let directory = unsafe String(cString: resolved)
        try check(directory)
        // What will be synced inside must not be lost with the entry of the directory itself.
        if made == 0 { try Folder(Folder.split(directory).parent).sync() }
        return directory
    }

    /// Whether `prepare` has something to make the directory in, or has made it. Nothing is made.
    ///
    /// - Throws: what `prepare` would throw because a directory above is missing.
    public static func checkParent(of path: String) throws(FileFailure) {
        var status = stat()
        guard unsafe stat(path, &status) != 0, unsafe stat(Folder.split(path).parent, &status) != 0 else { return }
        throw .system(path, .create)
    }

    /// - Throws: `FileFailure.notADirectory`, `.wrongOwner` and `.tooOpen`; nothing is corrected, because another user
    ///   may already have read the directory.
    public static func check(_ path: String) throws(FileFailure) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw .system(path, .inspect) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory(path: path) }
        try status.checkPrivate(path)
    }
}

extension stat {
    /// Owned by this process's user, and nobody else has any right to it.
    ///
    /// - Parameters:
    ///   - givenByRoot: whether it may also be root's and readable by a group.
    ///   - readByRoot: whether root may read what belongs to another user. To keep a directory it has to be its owner.
    func checkPrivate(
        _ path: String, givenByRoot: Bool = false, readByRoot: Bool = false, user: uid_t = geteuid()
    ) throws(FileFailure) {
        let isGiven = givenByRoot && st_uid == 0 && user != 0
        guard st_uid == user || isGiven || readByRoot && user == 0 else {
            throw .wrongOwner(path: path, owner: st_uid, expected: user)
        }
        try checkMode(path, forbidden: isGiven ? 0o037 : 0o077)
    }

    func checkMode(_ path: String, forbidden: mode_t) throws(FileFailure) {
        guard st_mode & forbidden == 0 else { throw .tooOpen(path: path, mode: st_mode & 0o7777) }
    }
}
