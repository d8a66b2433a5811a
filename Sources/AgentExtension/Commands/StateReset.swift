import DurableFiles
import HostSystem

/// Takes a host back to its configuration file.
public enum StateReset {
    /// Key and uid stay. Whatever is left when it is cut off, a repetition finishes.
    ///
    /// - Throws: `StateFailure`, among others when an agent runs there.
    public static func carryOut(in directory: String) throws(StateFailure) {
        do throws(FileFailure) {
            try PrivateDirectory.check(directory)
            let lock = try DirectoryLock(directory: directory)
            let connection = StateDirectory.connectionFile(in: directory)
            // The mark goes last: without a connection it keeps the agent from starting, which is the safe half.
            let paths =
                [connection.previousPath, connection.path]
                + [.leaf, .signers, .adopted].map { StateDirectory.path(of: $0, in: directory) }
            for path in paths { try AtomicFile.remove(path) }
            withExtendedLifetime(lock) {}
        } catch {
            throw .file(error)
        }
    }
}
