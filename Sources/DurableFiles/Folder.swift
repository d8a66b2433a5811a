internal import CGlibc
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

    /// A folder in this one; a link there is not followed.
    func folder(_ name: String) throws(FileFailure) -> Folder {
        Folder(try open(name, flags: O_RDONLY | O_DIRECTORY))
    }

    private init(_ file: consuming OpenFile) { self.file = file }

    /// Writes a complete file under a name that nothing else uses, and gives the name.
    ///
    /// - Parameter owner: `nil` for this process's user and group.
    func writeTemporary(
        for name: String, _ bytes: [UInt8], mode: mode_t, owner: Owner? = nil, promise: AtomicFile.Promise
    ) throws(FileFailure) -> String {
        let temporary = temporaryName(for: name)
        do throws(FileFailure) {
            try create(temporary, shownAs: name, bytes, mode: mode, owner: owner, promise: promise)
        } catch {
            try? remove(temporary)
            throw error
        }
        return temporary
    }

    /// Writes a file that is not there yet.
    func create(
        _ name: String, shownAs shownName: String? = nil, _ bytes: [UInt8], mode: mode_t, owner: Owner?,
        promise: AtomicFile.Promise
    ) throws(FileFailure) {
        let target = try OpenFile(
            name, shownAs: shownName, in: file, flags: O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        try target.belong(to: owner, mode: mode)
        try target.write(bytes)
        if promise == .synced { try target.sync() }
    }

    /// Makes a folder that only this process's user can enter, until `belong` says something else.
    func makeFolder(_ name: String) throws(FileFailure) -> Folder {
        guard unsafe mkdirat(file.descriptor, name, 0o700) == 0 else { throw .system(file.path(of: name), .create) }
        return try folder(name)
    }

    func belong(to owner: Owner?, mode: mode_t) throws(FileFailure) { try file.belong(to: owner, mode: mode) }

    /// What the name itself stands for, be it a link; `nil` if there is nothing.
    func status(of name: String) throws(FileFailure) -> stat? {
        var status = stat()
        guard unsafe fstatat(file.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno == ENOENT else { throw .system(file.path(of: name), .inspect) }
            return nil
        }
        return status
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
        if let target = target(of: name) {
            let temporary = temporaryName(for: other)
            try makeLink(temporary, to: target)
            return temporary
        }
        let original = try open(name, flags: O_RDONLY)
        let status = try original.status()
        return try writeTemporary(
            for: other, try original.readAll(limit: Int(status.st_size)), mode: status.st_mode & 0o7777,
            owner: Owner(status), promise: .synced)
    }

    /// Exchanges what two names stand for; no reader finds one of them missing.
    func exchange(_ one: String, with other: String) throws(FileFailure) {
        let exchanging: UInt32 = 2
        guard unsafe renameat2(file.descriptor, one, file.descriptor, other, exchanging) == 0 else {
            throw .system(file.path(of: one), .rename)
        }
    }

    func makeLink(_ name: String, to target: String) throws(FileFailure) {
        guard unsafe symlinkat(target, file.descriptor, name) == 0 else { throw .system(file.path(of: name), .link) }
    }

    /// Where a symbolic link leads; `nil` if the name is none.
    func target(of name: String) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlinkat(file.descriptor, name, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// A file, a link, or a folder with everything in it.
    func removeWhole(_ name: String) throws(FileFailure) {
        guard let status = try status(of: name) else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try remove(name) }
        do {
            let inner = try folder(name)
            for entry in try inner.names() { try inner.removeWhole(entry) }
        }
        guard unsafe unlinkat(file.descriptor, name, AT_REMOVEDIR) == 0 else {
            throw .system(file.path(of: name), .remove)
        }
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
        for name in try names() where name.hasPrefix(".") && name.has(Self.temporaryMark) {
            try remove(name)
        }
    }

    /// The same for one file of a directory that other programs use too.
    func removeLeftovers(of name: String) throws(FileFailure) {
        let mark = Self.temporaryMark(of: name)
        for found in try names() where found.hasPrefix(mark) {
            // Another file's name may begin so.
            guard Hex.decode(String(found.dropFirst(mark.count)))?.count == Self.temporaryBytes else { continue }
            try remove(found)
        }
    }

    /// Without `.` and `..`.
    func names() throws(FileFailure) -> [String] {
        // The stream takes the descriptor over and moves its position, so it gets one of its own.
        let own = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else { throw .system(file.path, .list) }
        guard let stream = unsafe fdopendir(own) else {
            let failure = FileFailure.system(file.path, .list)
            close(own)
            throw failure
        }
        defer { unsafe closedir(stream) }
        unsafe rewinddir(stream)
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static let temporaryMark = ".tmp-"

    private static let temporaryBytes = 8

    private static func temporaryMark(of name: String) -> String { ".\(name)\(temporaryMark)" }

    private func temporaryName(for name: String) -> String {
        Self.temporaryMark(of: name) + Hex.encode(RandomBytes.generate(Self.temporaryBytes))
    }
}

/// The user and group that a file belongs to.
struct Owner {
    let user: uid_t
    let group: gid_t

    init(_ status: stat) { (user, group) = (status.st_uid, status.st_gid) }
}
