import Glibc
import ServerCore
import ServerStorage
import Vocabulary

/// The process that crash tests kill while it commits in groups. It says on standard output what was answered to it.
///
/// `storage-writer <file> <callers>`: each caller saves one group after the other, `<caller>-<number>`, with its audit
/// entry, until the process is killed.
@main struct StorageWriter {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let callers = Int(arguments[2]) else { exit(2) }
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
            } catch {
                exit(3)
            }
        }
    }

    /// One write call a line, so that a killed process leaves no half of one.
    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = unsafe write(STDOUT_FILENO, bytes, bytes.count)
    }
}
