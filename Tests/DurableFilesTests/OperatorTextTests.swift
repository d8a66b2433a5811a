import DurableFiles
import Glibc
import Testing
import Vocabulary

@Suite struct OperatorTextTests {
    @Test func `each failure names the path and says what to do`() {
        let path = "/var/lib/opamp-agent/connection"
        let failures: [FileFailure] =
            FileFailure.Operation.allCases.map { .system(path: path, operation: $0, errno: ENOSPC) } + [
                .symbolicLink(path: path), .notADirectory(path: path), .notAFile(path: path),
                .wrongOwner(path: path, owner: 1, expected: 2), .tooOpen(path: path, mode: 0o755),
                .tooLarge(path: path, limit: 1), .corrupt(path: path), .newerFormat(path: path, version: 2),
                .locked(path: path, holder: 17),
            ]
        for message in failures.map(\.operatorMessage) {
            #expect(message.code.hasPrefix("file."))
            #expect(message.cause.contains(path))
            #expect(message.cause.hasSuffix("."))
            #expect(!message.nextAction.isEmpty)
            #expect(!message.description.contains("\n"))
        }
        #expect(Set(failures.map(\.operatorMessage.code)).count == failures.count)
        #expect(failures[0].operatorMessage.cause.contains("No space left on device"))
        #expect(failures.last?.operatorMessage.cause.contains("process 17") == true)
        #expect(FileFailure.tooOpen(path: path, mode: 0o755).operatorMessage.cause.contains("0755"))
    }
}
