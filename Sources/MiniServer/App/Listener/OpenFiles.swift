import Glibc

/// The process's limit of open files. Connections may not use it up: the database, files and calls to peers would
/// fail with them.
enum OpenFiles {
    /// Kept for the database, files, and calls to peers.
    private static let reserve = 256

    /// Raises the soft limit as far as the hard one, and tells how many connections then fit.
    static func connections(upTo wanted: Int) -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return wanted }
        let needed = rlim_t(wanted + reserve)
        if limit.rlim_cur < needed {
            var raised = limit
            raised.rlim_cur = min(needed, limit.rlim_max)
            if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return max(1, min(wanted, Int(clamping: limit.rlim_cur) - reserve))
    }
}
