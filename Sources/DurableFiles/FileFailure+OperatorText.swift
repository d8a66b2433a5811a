internal import Glibc
internal import HostSystem
public import Vocabulary

extension FileFailure: OperatorCoded {
    public typealias Code = FileCode

    public var words: Words {
        switch self {
        case .system(let path, let operation, let code):
            (
                code: FileCode(operation), title: "Could not \(operation.rawValue) a file",
                cause: "\(path): \(SystemError(code: code)) (errno \(code)).", nextAction: Self.remedy(for: code)
            )
        case .symbolicLink(let path):
            (
                code: .symbolicLink, title: "The path is a symbolic link",
                cause: "\(path) is a symbolic link; this program does not follow links to its own files.",
                nextAction: "Find out who created the link, and replace it with the file."
            )
        case .notADirectory(let path):
            (
                code: .notADirectory, title: "Not a directory", cause: "\(path) is not a directory.",
                nextAction: "Configure another path, or remove what is there."
            )
        case .notAFile(let path):
            (
                code: .notAFile, title: "Not a regular file", cause: "\(path) is not a regular file.",
                nextAction: "Configure another path, or remove what is there."
            )
        case .wrongOwner(let path, let owner, let expected):
            (
                code: .wrongOwner, title: "The path belongs to another user",
                cause: "\(path) belongs to user id \(owner); this process runs as \(expected).",
                nextAction:
                    "Run the command as that user (sudo -u '#\(owner)'). Change the owner with chown only if the "
                    + "wrong user created it."
            )
        case .tooOpen(let path, let mode):
            (
                code: .tooOpen, title: "Other users can read a private file",
                cause: "\(path) has mode 0\(String(mode, radix: 8)).",
                nextAction: "Remove the permissions of group and others: chmod go= \(path)"
                    + " (in a mounted Secret: defaultMode: 0400)."
            )
        case .tooLarge(let path, let limit):
            (
                code: .tooLarge, title: "The file is too large",
                cause: "\(path) is, or would become, larger than \(limit) bytes.",
                nextAction: "Check that it is the right file."
            )
        case .corrupt(let path):
            (
                code: .corrupt, title: "Saved state cannot be read",
                cause: "\(path) is damaged, and its previous generation \(path).previous is damaged or missing.",
                nextAction: "Restore it from a backup, or run `opamp-agent reset`."
            )
        case .newerFormat(let path, let version):
            (
                code: .newerFormat, title: "A newer version wrote this state",
                cause: "\(path) has format \(version); this program reads up to \(StateRecord.newestVersion).",
                nextAction: "Install the newer version again."
            )
        case .locked(let path, let holder):
            (
                code: .locked, title: "Another process is using the directory",
                cause: "\(path) is locked" + (holder.map { " by process \($0)" } ?? "") + ".",
                nextAction: "Stop the other process, or configure another directory for this one."
            )
        }
    }

    private static func remedy(for code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT, EFBIG: "Free space or raise the limit on the file system."
        case EACCES, EPERM: "Give this process's user the permissions it needs."
        case EROFS: "Mount the file system writable, or configure another directory."
        case ENOENT, ENOTDIR: "Create the directory, or correct the configured path."
        case EIO: "Check the disk and the kernel's log."
        default: "Check the path and the file system it is on."
        }
    }
}

extension FileCode {
    fileprivate init(_ operation: FileFailure.Operation) {
        self =
            switch operation {
            case .inspect: .inspect
            case .open: .open
            case .create: .create
            case .read: .read
            case .write: .write
            case .sync: .sync
            case .rename: .rename
            case .link: .link
            case .remove: .remove
            case .lock: .lock
            case .list: .list
            }
    }
}
