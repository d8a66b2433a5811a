import DurableFiles
import ServerCore
import ServerStorage
import Vocabulary

/// Makes the credential with which everything else is set up.
enum FirstStart {
    /// Creates the first admin token, unless there is an operator token already.
    ///
    /// - Returns: the text, to be shown once; `nil` when this is not the first start.
    static func adminToken(
        in database: ServerDatabase, writtenTo file: String?, at now: Timestamp
    ) async throws -> Secret? {
        let fresh = FreshCredential(.operatorToken)
        // The file comes first: a token that is stored and was never shown would lock everybody out.
        let isFirst = try database.look { try $0.operatorTokens.count() == 0 }
        guard isFirst else { return nil }
        if let file {
            try AtomicFile.write(Array((fresh.text.revealText() + "\n").utf8), to: file, mode: .private)
        }
        let token = OperatorToken(name: "admin", role: .admin, digest: fresh.digest, createdAt: now)
        try await database.write { tables in try tables.create(token, by: .server, at: now) }
        return fresh.text
    }
}
