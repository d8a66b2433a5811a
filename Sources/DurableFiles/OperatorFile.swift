internal import Glibc

/// A file that an operator names: configuration, certificates, keys, tokens.
///
/// The operator says where it is, so symbolic links are followed at every read: a mounted Secret and the directory of
/// an ACME client consist of links that are replaced. Pipes and terminals are read too (`/dev/stdin`, process
/// substitution). What this program keeps itself is read with `AtomicFile`, which follows no link.
public enum OperatorFile {
    /// False for pipes and terminals. A file that is not there now may be there later.
    public static func canBeReadAgain(_ path: String) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return true }
        return ![S_IFIFO, S_IFCHR, S_IFSOCK].contains(status.st_mode & S_IFMT)
    }

    /// The whole file, or a pipe to its end; `nil` if there is none, or nothing where a link leads.
    ///
    /// A pipe that no process has open for writing is empty; otherwise this waits for the writers.
    ///
    /// - Parameters:
    ///   - limit: more is refused without being read to its end.
    ///   - mode: `.private` refuses a file that users other than this process's could read. The group may read a file of
    ///     root's, which is how a service user is given a secret; root reads anybody's.
    public static func read(
        _ path: String, limit: Int, mode: AtomicFile.Mode = .public
    ) throws(FileFailure) -> [UInt8]? {
        do throws(FileFailure) {
            let file = try OpenFile(path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
            let status = try file.status()
            switch status.st_mode & S_IFMT {
            case S_IFREG where mode == .private: try status.checkPrivate(path, givenByRoot: true, readByRoot: true)
            // The creator of the pipe wrote into it; its mode says which other users could read from it.
            case S_IFIFO where mode == .private: try status.checkMode(path, forbidden: 0o077)
            case S_IFREG, S_IFIFO, S_IFCHR: break
            default: throw FileFailure.notAFile(path: path)
            }
            return try file.readAll(limit: limit)
        } catch {
            if case .system(_, .open, ENOENT) = error { return nil }
            throw error
        }
    }
}
