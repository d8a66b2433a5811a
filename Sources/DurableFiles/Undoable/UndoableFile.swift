internal import Glibc

/// One file that another program reads. It keeps its owner and mode when it is replaced; a new one has the mode 0600.
public struct UndoableFile: UndoableTarget {
    public let path: String
    private let names: UndoableName

    public init(_ path: String) {
        self.path = path
        names = UndoableName(path)
    }

    /// Writes the new content beside the present one, durably.
    ///
    /// - Returns: the path of what is staged.
    /// - Throws: also if what stands there could not be put back as it is: it is no regular file, or belongs to a user whose
    ///   files this process cannot make.
    public func stage(_ bytes: [UInt8]) throws(FileFailure) -> String {
        try undo()
        let folder = try Folder(names.parent)
        let present = try status(in: folder)
        let temporary = try folder.writeTemporary(
            for: names.name, bytes, mode: present.map { $0.st_mode & 0o7777 } ?? 0o600, owner: present.map(Owner.init),
            promise: .synced)
        try folder.rename(temporary, to: names.staged)
        CrashPoint.reach(UndoableStep.staged.rawValue)
        return names.pathOfStaged
    }

    public func isPresent() throws(FileFailure) -> Bool { try names.isPresent() }

    public func replace() throws(FileFailure) {
        let folder = try Folder(names.parent)
        _ = try status(in: folder)
        try names.replace(in: folder)
    }

    public func confirm() throws(FileFailure) { try names.confirm(in: try Folder(names.parent)) }

    @discardableResult
    public func undo() throws(FileFailure) -> Bool { try names.undo(in: try Folder(names.parent)) }

    private func status(in folder: borrowing Folder) throws(FileFailure) -> stat? {
        guard let status = try folder.status(of: names.name) else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFLNK: throw .symbolicLink(path: path)
        default: throw .notAFile(path: path)
        }
        try names.checkOwner(of: status, path)
        return status
    }
}
