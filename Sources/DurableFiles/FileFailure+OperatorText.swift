internal import Glibc
internal import HostSystem
public import Vocabulary

extension FileFailure: OperatorExplainable {
    public var operatorMessage: OperatorMessage {
        switch self {
        case .system(let path, let operation, let code):
            OperatorMessage(
                code: "file.\(operation.rawValue)", title: "Could not \(operation.rawValue) a file",
                cause: "\(path): \(SystemError(code: code)) (errno \(code)).", nextAction: Self.remedy(for: code))
        case .symbolicLink(let path):
            OperatorMessage(
                code: "file.symbolic-link", title: "A symbolic link is not followed here",
                cause: "\(path) is a symbolic link in the place of a file that this program keeps itself.",
                nextAction: "Find out who placed the link, then put the file itself in its place.")
        case .notADirectory(let path):
            OperatorMessage(
                code: "file.not-a-directory", title: "Not a directory", cause: "\(path) is something else.",
                nextAction: "Configure a directory, or remove what stands in its place.")
        case .notAFile(let path):
            OperatorMessage(
                code: "file.not-a-file", title: "Not a regular file", cause: "\(path) is something else.",
                nextAction: "Configure a regular file, or remove what stands in its place.")
        case .wrongOwner(let path, let owner, let expected):
            OperatorMessage(
                code: "file.wrong-owner", title: "The path belongs to another user",
                cause: "\(path) belongs to user id \(owner), this process runs as \(expected).",
                nextAction: "Run as its owner, or give it to this user with chown.")
        case .tooOpen(let path, let mode):
            OperatorMessage(
                code: "file.too-open", title: "Others can reach what is private",
                cause: "\(path) has mode 0\(String(mode, radix: 8)).",
                nextAction: "Take the rights of group and others away: chmod go= \(path)"
                    + " (in a mounted Secret: defaultMode: 0400).")
        case .tooLarge(let path, let limit):
            OperatorMessage(
                code: "file.too-large", title: "The file is too large",
                cause: "\(path) would be or is larger than \(limit) bytes.",
                nextAction: "Check that it is the right file.")
        case .corrupt(let path):
            OperatorMessage(
                code: "file.corrupt", title: "Saved state cannot be read",
                cause: "\(path) is damaged, and so is or there is not its previous generation \(path).previous.",
                nextAction: "Restore it from a backup, or start anew with the reset command.")
        case .newerFormat(let path, let version):
            OperatorMessage(
                code: "file.newer-format", title: "A newer version wrote this state",
                cause: "\(path) has format \(version); this program reads up to \(StateRecord.newestVersion).",
                nextAction: "Install the newer version again.")
        case .locked(let path, let holder):
            OperatorMessage(
                code: "file.locked", title: "Another process is using the directory",
                cause: "\(path) is locked" + (holder.map { " by process \($0)" } ?? "") + ".",
                nextAction: "Stop the other process, or give this one a directory of its own.")
        }
    }

    private static func remedy(for code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT, EFBIG: "Free space or raise the limit on the file system."
        case EACCES, EPERM: "Give this process's user the rights it needs."
        case EROFS: "Mount the file system writable, or configure another directory."
        case ENOENT, ENOTDIR: "Create the directory, or correct the configured path."
        case EIO: "Check the disk and the kernel's log."
        default: "Check the path and the file system it is on."
        }
    }
}
