import Certificates
import DurableFiles
import PeerCore
import Vocabulary

/// Makes the credential with which everything else is set up.
enum FirstStart {
    /// Creates the first admin token, unless there is an operator token already.
    ///
    /// - Returns: the text, to be shown once; `nil` when this is not the first start.
    static func adminToken(in database: PeerDatabase, writtenTo file: String?, at now: Timestamp) async throws -> Secret?
    {
        let text = Credential.operatorToken.text(random: RandomBytes.generate(32))
        guard let digest = Credential.operatorToken.digest(of: text.revealText()) else {
            preconditionFailure("a credential reads its own text")
        }
        // The file comes first: a token that is stored and was never shown would lock everybody out.
        let isFirst = try await database.read { try $0.operatorTokens.count() == 0 }
        guard isFirst else { return nil }
        if let file {
            try AtomicFile.write(Array((text.revealText() + "\n").utf8), to: file, mode: .private)
        }
        let token = OperatorToken(name: "admin", role: .admin, digest: digest, createdAt: now)
        try await database.write { tables in
            try tables.operatorTokens.save(token)
            let fact = AuditFact(
                .operatorTokenCreated, entityType: "operator-token", entityID: token.name, after: token.role.rawValue)
            try tables.audit.append(fact, context: .server, at: now)
        }
        return text
    }
}
