internal import Glibc

/// A name in a folder that another program reads, and the names beside it by which a replacement can be undone.
struct UndoableName {
    let parent: String
    let name: String

    init(_ path: String) { (parent, name) = Folder.split(path) }

    /// With the name at its end: some readers tell the format of a file by it.
    var staged: String { ".new.\(name)" }
    /// What a replacement that nobody has confirmed replaced.
    var before: String { ".\(name).before" }
    /// Beside a name that did not exist.
    private var absent: String { ".\(name).absent" }
    /// What the last confirmed replacement replaced.
    var previous: String { ".\(name).previous" }

    var pathOfStaged: String { parent == "/" ? "/\(staged)" : "\(parent)/\(staged)" }

    func isPresent() throws(FileFailure) -> Bool { try Folder(parent).status(of: name) != nil }

    func replace(in folder: borrowing Folder) throws(FileFailure) {
        if try folder.status(of: name) == nil {
            try folder.rename(
                try folder.writeTemporary(for: name, [], mode: 0o600, promise: .synced), to: absent)
        } else {
            try folder.link(name, as: before)
        }
        try folder.sync()
        CrashPoint.reach(UndoableStep.kept.rawValue)
        try folder.rename(staged, to: name)
        CrashPoint.reach(UndoableStep.replaced.rawValue)
        try folder.sync()
    }

    func confirm(in folder: borrowing Folder) throws(FileFailure) {
        try Self.ifPresent { () throws(FileFailure) in
            try folder.rename(before, to: previous)
            // POSIX: renaming one link of a file onto another does nothing and leaves both.
            try folder.remove(before)
        }
        try Self.ifPresent { () throws(FileFailure) in try folder.remove(absent) }
        CrashPoint.reach(UndoableStep.confirmed.rawValue)
        try folder.sync()
    }

    /// - Returns: whether something was replaced and not confirmed.
    func undo(in folder: borrowing Folder) throws(FileFailure) -> Bool {
        try folder.removeLeftovers(of: name)
        try Self.ifPresent { () throws(FileFailure) in try folder.remove(staged) }
        let isNew = try folder.status(of: absent) != nil
        if isNew {
            try Self.ifPresent { () throws(FileFailure) in try folder.remove(name) }
            try folder.sync()
            try folder.remove(absent)
        }
        let isReplaced = try folder.status(of: before) != nil
        try Self.ifPresent { () throws(FileFailure) in
            try folder.rename(before, to: name)
            try folder.remove(before)
        }
        try folder.sync()
        return isNew || isReplaced
    }

    /// - Throws: `FileFailure.wrongOwner` for a user whose files this process cannot make.
    func checkOwner(of status: stat, _ path: String) throws(FileFailure) {
        let user = geteuid()
        guard user == 0 || status.st_uid == user else {
            throw .wrongOwner(path: path, owner: status.st_uid, expected: user)
        }
    }

    private static func ifPresent(_ body: () throws(FileFailure) -> Void) throws(FileFailure) {
        do throws(FileFailure) {
            try body()
        } catch {
            guard case .system(_, _, ENOENT) = error else { throw error }
        }
    }
}

/// Where a crash test can stop a replacement.
public enum UndoableStep: String, CaseIterable, Sendable {
    case staged = "undoable.staged"
    case kept = "undoable.kept"
    case replaced = "undoable.replaced"
    case confirmed = "undoable.confirmed"
}
