import Glibc

package enum ProcessTable {
    package static var ownID: Int32 { getpid() }

    /// Whether a process with this number exists now; another one may have taken the number over.
    package static func contains(_ id: Int32) -> Bool { id > 0 && (kill(id, 0) == 0 || errno == EPERM) }
}
