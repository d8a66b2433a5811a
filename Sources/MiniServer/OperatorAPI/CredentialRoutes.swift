import Certificates
import ServerAPI
import ServerCore
import ServerStorage
import Vocabulary

extension OperatorInterface {
    /// Bootstrap tokens and operator tokens: shown once as text, stored as digests.
    var credentialRoutes: [OperatorRoute] {
        [
            OperatorRoute(OperatorRoutes.bootstrapTokens, .manageBootstrapTokens) { call in
                let tokens = try server.database.look { try $0.bootstrapTokens.all() }
                return Page(
                    of: tokens.map(BootstrapTokenSummary.init), after: call.request.query(.cursor),
                    limit: call.request.pageLimit, descending: true
                ) { "\($0.createdAt) \($0.id)" }
            },
            OperatorRoute(OperatorRoutes.createBootstrapToken, .manageBootstrapTokens) {
                try await createBootstrapToken($0, $1)
            },
            OperatorRoute(OperatorRoutes.revokeBootstrapToken, .manageBootstrapTokens) {
                try await revokeBootstrapToken($0)
            },
            OperatorRoute(OperatorRoutes.operatorTokens, .manageOperatorTokens) { call in
                let tokens = try server.database.look { try $0.operatorTokens.all() }
                return Page(
                    of: tokens.map(OperatorTokenSummary.init), after: call.request.query(.cursor),
                    limit: call.request.pageLimit, descending: true
                ) { "\($0.createdAt) \($0.id)" }
            },
            OperatorRoute(OperatorRoutes.createOperatorToken, .manageOperatorTokens) {
                try await createOperatorToken($0, $1)
            },
            OperatorRoute(OperatorRoutes.revokeOperatorToken, .manageOperatorTokens) {
                try await revokeOperatorToken($0)
            },
        ]
    }

    private func createBootstrapToken(_ call: OperatorCall, _ wanted: BootstrapTokenRequest) async throws
        -> CreatedSecret
    {
        let life = try call.seconds(wanted.ttlSeconds, named: "ttlSeconds") ?? BootstrapToken.defaultTimeToLive
        let fresh = FreshCredential(.bootstrapToken)
        let now = server.now()
        return try await server.database.write { tables in
            let token = try BootstrapToken.created(
                digest: fresh.digest, group: wanted.group, groups: Set(try tables.groups.all().map(\.name)),
                by: call.token.name, timeToLive: life, at: now)
            try tables.bootstrapTokens.save(token)
            try tables.audit.append(
                AuditFact(
                    .bootstrapTokenCreated, entityType: "bootstrap-token", entityID: fresh.id,
                    additional: .members([
                        "expires": .string(token.expiresAt.description), "group": token.group.map(JSON.string),
                    ])),
                context: call.audit, at: now)
            return CreatedSecret(id: fresh.id, text: fresh.text.revealText(), expiresAt: token.expiresAt)
        }
    }

    private func revokeBootstrapToken(_ call: OperatorCall) async throws {
        let id = call.text("id")
        let now = server.now()
        try await server.database.write { tables in
            guard let token = try tables.bootstrapTokens.all().first(where: { $0.id == id }) else {
                throw FleetRefusal.bootstrapUnknown
            }
            try tables.bootstrapTokens.delete(Hex.encode(token.digest))
            try tables.audit.append(
                AuditFact(.bootstrapTokenRevoked, entityType: "bootstrap-token", entityID: id), context: call.audit,
                at: now)
        }
    }

    private func createOperatorToken(_ call: OperatorCall, _ wanted: OperatorTokenRequest) async throws -> CreatedSecret
    {
        guard isValidName(wanted.name) else {
            throw RequestRefusal.parameter(name: "name", reason: nameRule)
        }
        let fresh = FreshCredential(.operatorToken)
        let now = server.now()
        let end = try call.seconds(wanted.ttlSeconds, named: "ttlSeconds").map { now + $0 }
        let token = OperatorToken(
            name: wanted.name, role: wanted.role, digest: fresh.digest, createdAt: now, expiresAt: end)
        try await server.database.write { try $0.create(token, by: call.audit, at: now) }
        return CreatedSecret(id: fresh.id, text: fresh.text.revealText(), expiresAt: end)
    }

    private func revokeOperatorToken(_ call: OperatorCall) async throws {
        let id = call.text("id")
        let now = server.now()
        try await server.database.write { tables in
            guard let token = try tables.operatorTokens.all().first(where: { $0.id == id }) else {
                throw RequestRefusal.notFound(path: id)
            }
            try tables.operatorTokens.delete(Hex.encode(token.digest))
            try tables.audit.append(
                AuditFact(
                    .operatorTokenRevoked, entityType: "operator-token", entityID: id, before: token.role.rawValue),
                context: call.audit, at: now)
        }
    }
}

extension StorageTransaction {
    /// Keeps an operator token, with the one form of audit entry about it.
    func create(_ token: OperatorToken, by context: AuditContext, at now: Timestamp) throws {
        try operatorTokens.save(token)
        try audit.append(
            AuditFact(
                .operatorTokenCreated, entityType: "operator-token", entityID: token.id, after: token.role.rawValue,
                additional: .members(["name": .string(token.name)])),
            context: context, at: now)
    }
}

/// A new credential: its text for the caller, its digest for the database.
struct FreshCredential: Sendable {
    let text: Secret
    let digest: [UInt8]

    init(_ kind: Credential) {
        text = kind.text(random: RandomBytes.generate(32))
        digest = Digest.sha256(text.reveal())
    }

    var id: String { Credential.id(of: digest) }
}

extension BootstrapToken {
    fileprivate var id: String { Credential.id(of: digest) }
}

extension OperatorToken {
    fileprivate var id: String { Credential.id(of: digest) }
}

extension BootstrapTokenSummary {
    fileprivate init(_ token: BootstrapToken) {
        self.init(
            id: token.id, group: token.group, createdBy: token.createdBy, createdAt: token.createdAt,
            expiresAt: token.expiresAt, usedAt: token.usedAt, usedBy: token.usedBy)
    }
}

extension OperatorTokenSummary {
    fileprivate init(_ token: OperatorToken) {
        self.init(
            id: token.id, name: token.name, role: OpenWord(token.role), createdAt: token.createdAt,
            expiresAt: token.expiresAt)
    }
}
