import Glibc
import ServerCore
import ServerStorage
import Vocabulary

/// The process that crash tests kill while it commits in groups. It says on standard output what was answered to it.
///
/// `storage-writer <file> <callers>`: each caller saves one group after the other, `<caller>-<number>`, with its audit
/// entry, until the process is killed. One that is refused is tried again.
///
/// `storage-writer <file> <callers> <bytes>`: as with a quota, no file grows beyond so many bytes, until the tenth
/// refusal.
@main struct StorageWriter {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, let callers = Int(arguments[2]) else { exit(2) }
        if arguments.count == 4 {
            guard let bytes = rlim_t(arguments[3]) else { exit(2) }
            signal(SIGXFSZ, SIG_IGN)
            limitFiles(to: bytes)
        }
        let database = try ServerDatabase(path: arguments[1])
        let first = try await database.read { try $0.audit.lastSequence() }
        await withTaskGroup { group in
            for caller in 0..<callers {
                group.addTask { await save(as: "\(first)-\(caller)", in: database) }
            }
        }
    }

    private static func save(as caller: String, in database: ServerDatabase) async {
        let context = AuditContext(actor: "test", role: "admin")
        var refusals = 0
        for number in 0... {
            let name = "\(caller)-\(number)"
            do {
                try await database.write { tables in
                    let record = GroupRecord(name: name, createdAt: Timestamp(seconds: 1), configuration: nil)
                    try tables.groups.insert(record, key: name)
                    try tables.audit.append(
                        AuditFact(.groupSaved, entityType: "group", entityID: name), context: context,
                        at: Timestamp(seconds: 1))
                }
                say(name)
            } catch StorageFailure.refused(_, let reason) {
                say("refused: \(reason)")
                refusals += 1
                if refusals == 10 { limitFiles(to: .max) }
            } catch {
                exit(3)
            }
        }
    }

    private static func limitFiles(to bytes: rlim_t) {
        var limit = rlimit(rlim_cur: bytes, rlim_max: .max)
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(4) }
    }

    /// One write call a line, so that a killed process leaves no half of one.
    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = unsafe write(STDOUT_FILENO, bytes, bytes.count)
    }
}
