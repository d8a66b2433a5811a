import Certificates
import Logging
import ServerCore
import ServerStorage
import ServiceLifecycle
import Synchronization
import Vocabulary

/// Collects the results of calls between peers: audit entries, first uses of a new certificate or secret, and the
/// peer's last contact.
///
/// No call waits for it. Entries are appended with the next transaction, within half a second; a last contact alone is
/// saved once a minute. A power failure loses what was not appended yet.
final class PeerCallLog: Sendable {
    /// More entries than this are counted and not kept, as long as the database takes none.
    static let capacity = 4096
    static let contactPeriod = Duration.seconds(60)
    /// How long to wait after a failed write.
    static let retry = Duration.seconds(1)

    private struct Entry {
        var fact: AuditFact
        var context: AuditContext
        var at: Timestamp
    }

    private struct FirstUse: Hashable {
        var peer: PeerID
        var factor: PeerFactor
        var context: AuditContext
        var at: Timestamp
    }

    private struct Batch {
        var entries: [Entry] = []
        var omitted = 0
        var firstUses: [FirstUse] = []
        var contacts: [PeerID: PeerContact] = [:]

        var isEmpty: Bool { entries.isEmpty && omitted == 0 && firstUses.isEmpty && contacts.isEmpty }
    }

    private struct State {
        var waiting = Batch()
        /// Taken by a write that has not ended yet.
        var writesUnderWay = 0
        var contacts: [PeerID: PeerContact] = [:]
        var saved: [PeerID: PeerContact] = [:]

        mutating func take(allContacts: Bool) -> Batch {
            var batch = waiting
            waiting = Batch()
            batch.contacts = contacts.filter { isDue($0.key, $0.value, allContacts) }
            return batch
        }

        /// Only a later time of contact can wait: by the first one a handover can be issued.
        func isDue(_ peer: PeerID, _ contact: PeerContact, _ allContacts: Bool) -> Bool {
            guard let saved = saved[peer], !allContacts else { return saved[peer] != contact }
            return saved.error != contact.error || saved.accepted != contact.accepted
                || (saved.at == nil) != (contact.at == nil)
        }
    }

    private let database: ServerDatabase
    private let log: Logger
    private let state = Mutex(State())
    private let wakeups = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    init(database: ServerDatabase, log: Logger) {
        (self.database, self.log) = (database, log)
    }

    // MARK: Noting

    func note(_ fact: AuditFact, _ context: AuditContext, at now: Timestamp) {
        state.withLock { state in
            if state.waiting.entries.count < Self.capacity {
                state.waiting.entries.append(Entry(fact: fact, context: context, at: now))
            } else {
                state.waiting.omitted += 1
            }
        }
        wakeups.continuation.yield()
    }

    /// The peer has used a new factor for the first time.
    func note(_ factors: [PeerFactor], of peer: PeerID, _ context: AuditContext, at now: Timestamp) {
        guard !factors.isEmpty else { return }
        state.withLock { state in
            for factor in factors
            where !state.waiting.firstUses.contains(where: { $0.peer == peer && $0.factor == factor }) {
                state.waiting.firstUses.append(FirstUse(peer: peer, factor: factor, context: context, at: now))
            }
        }
        wakeups.continuation.yield()
    }

    func note(_ peer: PeerID, succeeded: Bool, error: String?, at now: Timestamp) {
        change(peer) { contact in
            if succeeded { contact.at = now }
            contact.error = error
        }
    }

    /// The peer accepts this certificate, or asks for it.
    func note(_ peer: PeerID, accepts certificate: Fingerprint) {
        change(peer) { $0.accepted = certificate }
    }

    private func change(_ peer: PeerID, _ edit: (inout PeerContact) -> Void) {
        state.withLock { edit(&$0.contacts[peer, default: PeerContact()]) }
        wakeups.continuation.yield()
    }

    /// The peer was removed; another one may get its row.
    func forget(_ peer: PeerID) {
        state.withLock { state in
            state.contacts[peer] = nil
            state.saved[peer] = nil
            state.waiting.firstUses.removeAll { $0.peer == peer }
        }
    }

    /// The row with what is not saved yet.
    func current(_ peer: PeerRecord) -> PeerRecord {
        peer.updated(by: state.withLock { $0.contacts[peer.id] })
    }

    // MARK: Saving

    /// Appends what was noted before this call.
    ///
    /// - Parameters:
    ///   - contacts: also those that could wait.
    ///   - withNext: in the next transaction, whatever it is for.
    /// - Returns: whether the database took it; it is kept and written later when not.
    @discardableResult
    func flush(contacts: Bool = false, withNext: Bool = false) async -> Bool {
        // What another write has taken is in the database when a write that began after it has ended.
        let isNeeded = state.withLock { state in
            let hasContact = state.contacts.contains { state.isDue($0.key, $0.value, contacts) }
            guard !state.waiting.isEmpty || hasContact || state.writesUnderWay > 0 else { return false }
            state.writesUnderWay += 1
            return true
        }
        guard isNeeded else { return true }
        let taken = Mutex<Batch?>(nil)
        defer { state.withLock { $0.writesUnderWay -= 1 } }
        do {
            let append: @Sendable (StorageTransaction) throws -> Void = { tables in
                // The job may run twice, and must take the entries once.
                let batch = taken.withLock { $0 ?? self.state.withLock { $0.take(allContacts: contacts) } }
                taken.withLock { $0 = batch }
                try Self.save(batch, tables)
            }
            try await withNext ? database.writeWithNext(append) : database.write(append)
            let batch = taken.withLock { $0 } ?? Batch()
            state.withLock { state in
                for (peer, contact) in batch.contacts where state.contacts[peer] != nil { state.saved[peer] = contact }
            }
            return true
        } catch {
            let batch = taken.withLock { $0 } ?? Batch()
            state.withLock { state in
                let all = batch.entries + state.waiting.entries
                state.waiting.entries = Array(all.prefix(Self.capacity))
                state.waiting.omitted += batch.omitted + all.count - state.waiting.entries.count
                state.waiting.firstUses = batch.firstUses + state.waiting.firstUses
            }
            log.error("peer calls not audited", metadata: ["reason": "\(error.explained)"])
            return false
        }
    }

    private static func save(_ batch: Batch, _ tables: StorageTransaction) throws {
        for entry in batch.entries { try tables.audit.append(entry.fact, context: entry.context, at: entry.at) }
        if batch.omitted > 0, let last = batch.entries.last {
            try tables.audit.append(
                AuditFact(
                    .peerCalled, entityType: "peer", entityID: "omitted",
                    additional: .members(["omitted": .integer(Int64(batch.omitted))])),
                context: .server, at: last.at)
        }
        for use in batch.firstUses {
            guard var row = try tables.peers.find(use.peer), row.begin(use.factor, at: use.at) else { continue }
            try tables.peers.save(row)
            try tables.audit.append(
                AuditFact(
                    .peerFactorFirstUsed, entityType: "peer", entityID: row.name, after: use.factor.label,
                    additional: .members([
                        "peerId": .string(use.peer.description),
                        "previousUntil": .string((use.at + peerOverlap).description),
                    ])),
                context: use.context, at: use.at)
        }
        try tables.peers.save(contacts: batch.contacts)
    }
}

extension PeerCallLog: Service {
    /// Writes while the server runs; what is noted later is the caller's to flush.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask {
                    for await _ in self.wakeups.stream {
                        guard await !self.flush(withNext: true), !Task.isCancelled else { continue }
                        try? await Task.sleep(for: Self.retry)
                        self.wakeups.continuation.yield()
                    }
                }
                group.addTask {
                    while (try? await Task.sleep(for: Self.contactPeriod)) != nil { await self.flush(contacts: true) }
                }
            }
        }
    }
}

extension PeerRecord {
    fileprivate func updated(by contact: PeerContact?) -> PeerRecord {
        guard let contact else { return self }
        var peer = self
        peer.lastContact = contact.at ?? lastContact
        peer.lastError = contact.error
        peer.acceptedCertificate = contact.accepted ?? acceptedCertificate
        return peer
    }
}
