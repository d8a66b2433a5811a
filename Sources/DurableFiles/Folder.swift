internal import Certificates
internal import Glibc
import Vocabulary

/// An open directory: entries are made, renamed and removed in it whatever happens to its path meanwhile.
struct Folder: ~Copyable {
    private let file: OpenFile

    /// - Parameter path: a symbolic link to a directory is followed.
    init(_ path: String) throws(FileFailure) {
        file = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
    }

    func checkPrivate() throws(FileFailure) { try file.status().checkPrivate(file.path) }

    /// The path of the folder that holds `path`, and the name `path` has in it.
    static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let parent = path[..<slash]
        return (parent.isEmpty ? "/" : String(parent), String(path[path.index(after: slash)...]))
    }

    /// Writes a complete file under a name that nothing else uses, and gives the name.
    ///
    /// - Parameter owner: `nil` for this process's user and group.
    func writeTemporary(
        for name: String, _ bytes: [UInt8], mode: mode_t, owner: (user: uid_t, group: gid_t)? = nil,
        promise: AtomicFile.Promise
    ) throws(FileFailure) -> String {
        let temporary = temporaryName(for: name)
        let target = try OpenFile(
            temporary, shownAs: name, in: file, flags: O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        do throws(FileFailure) {
            if let owner, fchown(target.descriptor, owner.user, owner.group) != 0 {
                throw FileFailure.system(target.path, .create)
            }
            // The umask must not decide who can read it.
            guard fchmod(target.descriptor, mode) == 0 else { throw FileFailure.system(target.path, .create) }
            try target.write(bytes)
            if promise == .synced { try target.sync() }
        } catch {
            try? remove(temporary)
            throw error
        }
        return temporary
    }

    func rename(_ old: String, to new: String) throws(FileFailure) {
        guard unsafe renameat(file.descriptor, old, file.descriptor, new) == 0 else {
            throw .system(file.path(of: new), .rename)
        }
    }

    /// Gives a file a second name, replacing what had that name; at every moment the name has the old or the new file. Where
    /// a file system knows no second names, the other one is a copy.
    func link(_ name: String, as other: String) throws(FileFailure) {
        var temporary = temporaryName(for: other)
        if unsafe linkat(file.descriptor, name, file.descriptor, temporary, 0) != 0 {
            guard [EPERM, EOPNOTSUPP, ENOSYS, EMLINK].contains(errno) else {
                throw .system(file.path(of: other), .link)
            }
            temporary = try copy(name, for: other)
        }
        do throws(FileFailure) {
            try rename(temporary, to: other)
            // POSIX: renaming one link of a file onto another does nothing and leaves both.
            try? remove(temporary)
        } catch {
            try? remove(temporary)
            throw error
        }
    }

    private func copy(_ name: String, for other: String) throws(FileFailure) -> String {
        let original = try open(name, flags: O_RDONLY)
        let status = try original.status()
        return try writeTemporary(
            for: other, try original.readAll(limit: Int(status.st_size)), mode: status.st_mode & 0o7777,
            owner: (status.st_uid, status.st_gid), promise: .synced)
    }

    func remove(_ name: String) throws(FileFailure) {
        guard unsafe unlinkat(file.descriptor, name, 0) == 0 else { throw .system(file.path(of: name), .remove) }
    }

    func sync() throws(FileFailure) { try file.sync() }

    func open(_ name: String, flags: Int32, mode: mode_t = 0) throws(FileFailure) -> OpenFile {
        try OpenFile(name, in: file, flags: flags, mode: mode)
    }

    /// Removes what killed processes left behind. Only for who knows that nobody is writing here.
    func removeLeftovers() throws(FileFailure) {
        for name in try names() where name.hasPrefix(".") && name.contains(Self.temporaryMark) {
            try remove(name)
        }
    }

    /// The same for one file of a directory that other programs use too.
    func removeLeftovers(of name: String) throws(FileFailure) {
        for found in try names() where found.hasPrefix(".\(name)\(Self.temporaryMark)") { try remove(found) }
    }

    private func names() throws(FileFailure) -> [String] {
        // The stream takes the descriptor over and moves its position, so it gets one of its own.
        let own = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
        guard own >= 0, let stream = unsafe fdopendir(own) else { throw .system(file.path, .list) }
        defer { unsafe closedir(stream) }
        unsafe rewinddir(stream)
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }

    private static let temporaryMark = ".tmp-"

    private func temporaryName(for name: String) -> String {
        ".\(name)\(Self.temporaryMark)\(Hex.encode(RandomBytes.generate(8)))"
    }
}
