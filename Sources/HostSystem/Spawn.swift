internal import CGlibc
import Glibc

/// How a child is started: in a process group of its own, so that Ctrl-C does not reach it and all of it can be ended;
/// with no signal blocked and SIGPIPE at its default; and with no open file but its three standard ones.
struct Spawn {
    enum Stream {
        /// The one that this process has.
        case inherited
        case null
        /// Appended to, and created where there is none.
        case file(String)
        case pipe(Descriptor)
    }

    /// A path; no search for it takes place.
    var program: String
    var arguments: [String]
    /// nil is that of this process.
    var environment: [String: String]?
    /// Where it runs; nil is where this process does.
    var folder: String?
    var input = Stream.inherited
    var output = Stream.inherited
    var errors = Stream.inherited

    /// - Returns: the number of the new process, which the caller has to wait for.
    /// - Throws: why there is none, for example that the program or a file is missing.
    func start() throws(SystemError) -> pid_t {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var noSignal = sigset_t()
        unsafe sigemptyset(&noSignal)
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        unsafe sigaddset(&defaults, SIGPIPE)
        unsafe posix_spawnattr_setsigmask(&attributes, &noSignal)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (number, stream) in [(STDIN_FILENO, input), (STDOUT_FILENO, output), (STDERR_FILENO, errors)] {
            switch stream {
            case .inherited: break
            case .null: unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
            case .file(let path):
                unsafe posix_spawn_file_actions_addopen(&actions, number, path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
            case .pipe(let end): unsafe posix_spawn_file_actions_adddup2(&actions, end.number, number)
            }
        }
        if let folder { unsafe posix_spawn_file_actions_addchdir_np(&actions, folder) }
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)

        let words = unsafe Self.list([program] + arguments)
        var variables = unsafe Self.list(environment?.map { "\($0)=\($1)" } ?? [])
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var child = pid_t()
        let problem = unsafe variables.withUnsafeMutableBufferPointer { own in
            // The ends of pipes stay open until the child has them.
            withExtendedLifetime(self) {
                let variables = unsafe environment == nil ? environ : own.baseAddress
                return unsafe posix_spawn(&child, program, &actions, &attributes, words, variables)
            }
        }
        guard problem == 0 else { throw SystemError(code: problem) }
        return child
    }

    /// As C takes texts: behind the last one is a null pointer. The caller frees them.
    private static func list(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe texts.map { unsafe strdup($0) } + [nil]
    }
}
