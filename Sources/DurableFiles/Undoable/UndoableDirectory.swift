internal import Certificates
internal import Glibc
import Vocabulary

/// A directory of files that another program reads as one set.
///
/// The path is a symbolic link to a generation, a directory beside it that never changes once it is in place. Replacing the
/// set is one rename of the link: whoever opens the directory, or goes through the path once, reads one generation. A
/// directory that stands at the path becomes the first generation.
public struct UndoableDirectory: UndoableTarget {
    public let path: String
    private let names: UndoableName

    public init(_ path: String) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        names = UndoableName(path)
    }

    /// Writes the new files as a generation beside the present one, durably. The directory keeps its owner and mode, and so
    /// does a file whose name is in both; a new file gets those of the directory, without the right to execute.
    ///
    /// - Parameter files: content by name; a name is one that a directory entry can have.
    /// - Returns: the path of what is staged, a symbolic link to the generation.
    /// - Throws: also if what stands there could not be put back as it is: another link, no directory, or one of a user whose
    ///   files this process cannot make.
    public func stage(_ files: [String: [UInt8]]) throws(FileFailure) -> String {
        try undo()
        let parent = try Folder(names.parent)
        let present = try generation(in: parent)
        let status = try present.map { name throws(FileFailure) in try parent.status(of: name) } ?? nil
        let name = freshName()
        do throws(FileFailure) {
            let folder = try parent.makeFolder(name)
            for (file, bytes) in files {
                let (mode, owner) = try fileRights(of: file, in: present, of: status, parent)
                try folder.create(file, bytes, mode: mode, owner: owner, promise: .synced)
            }
            try folder.belong(
                to: status.map(Owner.init), mode: status.map { $0.st_mode & 0o7777 } ?? 0o700)
            try folder.sync()
            try parent.makeLink(names.staged, to: name)
            try parent.sync()
        } catch {
            try? parent.removeWhole(name)
            throw error
        }
        CrashPoint.reach(UndoableStep.staged.rawValue)
        return names.pathOfStaged
    }

    public func isPresent() throws(FileFailure) -> Bool { try names.isPresent() }

    public func replace() throws(FileFailure) {
        let parent = try Folder(names.parent)
        if let present = try generation(in: parent), present == names.name { try takeOver(in: parent) }
        try names.replace(in: parent)
    }

    public func confirm() throws(FileFailure) {
        let parent = try Folder(names.parent)
        try names.confirm(in: parent)
        prune(parent)
    }

    @discardableResult
    public func undo() throws(FileFailure) -> Bool {
        let parent = try Folder(names.parent)
        defer { prune(parent) }
        return try names.undo(in: parent)
    }

    /// The present set; `nil` if there is none. Only what a set can contain: regular files.
    ///
    /// - Parameter limit: bytes of all files together.
    public func read(limit: Int) throws(FileFailure) -> [String: [UInt8]]? {
        let parent = try Folder(names.parent)
        guard let present = try generation(in: parent) else { return nil }
        let folder = try parent.folder(present)
        var files: [String: [UInt8]] = [:]
        var left = limit
        for name in try folder.names() {
            guard let status = try folder.status(of: name), status.st_mode & S_IFMT == S_IFREG else { continue }
            let bytes = try folder.open(name, flags: O_RDONLY | O_NONBLOCK).readAll(limit: left)
            left -= bytes.count
            files[name] = bytes
        }
        return files
    }

    // MARK: Generations

    private var mark: String { ".\(names.name).set-" }

    private static let numberBytes = 8

    private func freshName() -> String { mark + Hex.encode(RandomBytes.generate(Self.numberBytes)) }

    /// Nothing else that begins so is this directory's: `X.set-y` may be a directory of its own, with generations of its own.
    private func isGeneration(_ name: String) -> Bool {
        name.hasPrefix(mark) && Hex.decode(String(name.dropFirst(mark.count)))?.count == Self.numberBytes
    }

    /// The name of the folder that is in effect: a generation, or the path's own where no replacement has taken place.
    private func generation(in parent: borrowing Folder) throws(FileFailure) -> String? {
        guard let status = try parent.status(of: names.name) else { return nil }
        let name: String
        switch status.st_mode & S_IFMT {
        case S_IFDIR: name = names.name
        case S_IFLNK:
            guard let target = parent.target(of: names.name), isGeneration(target) else {
                throw .symbolicLink(path: path)
            }
            name = target
        default: throw .notADirectory(path: path)
        }
        guard let found = try parent.status(of: name) else { return nil }
        guard found.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory(path: path) }
        try names.checkOwner(of: found, path)
        return name
    }

    /// Of a file of the next generation.
    private func fileRights(
        of file: String, in present: String?, of directory: stat?, _ parent: borrowing Folder
    ) throws(FileFailure) -> (mode: mode_t, owner: Owner?) {
        if let present, let status = try parent.folder(present).status(of: file), status.st_mode & S_IFMT == S_IFREG {
            try names.checkOwner(of: status, "\(path)/\(file)")
            return (status.st_mode & 0o7777, Owner(status))
        }
        return (directory.map { $0.st_mode & 0o666 } ?? 0o600, directory.map(Owner.init))
    }

    /// The directory gets the name of a generation and a link to it the directory's name, in one step.
    private func takeOver(in parent: borrowing Folder) throws(FileFailure) {
        let name = freshName()
        try parent.makeLink(name, to: name)
        do throws(FileFailure) {
            try parent.exchange(names.name, with: name)
        } catch {
            try? parent.remove(name)
            throw error
        }
        try parent.sync()
    }

    /// Removes the generations that no name leads to. One that cannot be removed is in nobody's way.
    private func prune(_ parent: borrowing Folder) {
        let links = [names.name, names.staged, names.before, names.previous]
        var used: Set<String> = []
        for link in links { if let target = parent.target(of: link) { used.insert(target) } }
        for name in (try? parent.names()) ?? [] where isGeneration(name) && !used.contains(name) {
            try? parent.removeWhole(name)
        }
    }
}
