import DurableFiles
import Glibc
import Vocabulary

/// The process that crash tests kill. It says on standard output what has been acknowledged to it, a line at a time.
///
/// `crash-writer save <directory> <times>`: saves `times` further generations of the state file there.
/// `crash-writer replace <directory> <times>`: writes a plain file that often, `1`, `2` and so on.
/// `crash-writer set <directory> <times>`: replaces a set of three files that often; each says the number.
/// `crash-writer limited <directory> <bytes>`: saves once, with files limited to so many bytes; prints the failure.
/// `crash-writer lock <directory>`: holds the lock until standard input ends.
@main struct CrashWriter {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else { exit(2) }
        let (directory, number) = (arguments[2], arguments.count > 3 ? Int(arguments[3]) ?? 0 : 0)
        let file = StateFile(path: directory + "/state", label: "state")
        do {
            switch arguments[1] {
            case "save":
                let lock = try DirectoryLock(directory: directory)
                let start = try file.load()?.generation ?? 0
                say("at \(start)")
                for generation in start + 1...start + UInt64(number) {
                    try file.save(payload(of: generation))
                    say("saved \(generation)")
                }
                withExtendedLifetime(lock) {}
            case "replace":
                for turn in 1...number {
                    try AtomicFile.write(Array("\(turn)".utf8), to: directory + "/plain", label: "plain")
                    say("saved \(turn)")
                }
            case "set":
                let set = UndoableDirectory(directory + "/conf.d")
                for turn in 1...number {
                    let body = Array("\(turn)".utf8)
                    _ = try set.stage(["a": body, "b": body, "c": body])
                    try set.replace()
                    try set.confirm()
                    say("\(turn)")
                }
            case "limited":
                signal(SIGXFSZ, SIG_IGN)
                var limit = rlimit(rlim_cur: rlim_t(number), rlim_max: rlim_t(number))
                guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(4) }
                try file.save([UInt8](repeating: 7, count: 100_000))
                say("saved")
            case "lock":
                let lock = try DirectoryLock(directory: directory)
                say("locked")
                var byte: UInt8 = 0
                while unsafe read(STDIN_FILENO, &byte, 1) > 0 {}
                withExtendedLifetime(lock) {}
            default: exit(2)
            }
        } catch {
            say(error.operatorMessage.description)
            exit(3)
        }
    }

    /// A payload that tells its generation all over, and whose size differs from its neighbours'.
    static func payload(of generation: UInt64) -> [UInt8] {
        Array(repeatElement("generation \(generation)\n", count: Int(generation % 7) * 500 + 1).joined().utf8)
    }

    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = unsafe write(STDOUT_FILENO, bytes, bytes.count)
    }
}
