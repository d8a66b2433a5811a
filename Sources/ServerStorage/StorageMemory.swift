import GRDB
import ServerCore
import Synchronization
import Vocabulary

/// What is kept as parsed values beside the database. Nothing in it is trusted: each value is compared with a stamp that
/// the transaction reads, and every change gives the database another stamp.
package final class StorageMemory: Sendable {
    let peers = Kept<KeptTable<PeerRecord>>(.peers)
    let ownCertificates = Kept<KeptTable<OwnCertificateRecord>>(.ownCertificates)
    let signingKeys = Kept<KeptTable<SigningKeyRecord>>(.signingKeys)
    let groups = Kept<KeptTable<GroupRecord>>(.groups)
    let configurations = Kept<KeptTable<ConfigurationRecord>>(.configurations)
    let sources = KeptHandovers<SourceHandover>()
    let targets = KeptHandovers<TargetHandover>()
}

/// Tables whose changes are noticed; triggers of the schema know them by these names.
package enum ChangeTopic: String, CaseIterable, Sendable {
    case peers, ownCertificates, signingKeys, groups, configurations
}

/// A value computed from a table, and computed again when the table has changed.
///
/// A stamp is a random number that every change replaces, so that the stamp of a rolled back transaction never occurs
/// again.
package final class Kept<Value: Sendable>: Sendable {
    private let topic: ChangeTopic
    private let latest = Mutex<(stamp: Int64, value: Value)?>(nil)

    package init(_ topic: ChangeTopic) { self.topic = topic }

    /// The value as of this transaction.
    package func value(
        in tables: StorageTransaction, made make: (StorageTransaction) throws -> Value
    ) throws -> Value {
        try value(in: tables.database) { try make(tables) }
    }

    func value(in database: Database, made make: () throws -> Value) throws -> Value {
        guard
            let stamp = try database.row("SELECT stamp FROM changes WHERE topic = ?", [.text(topic.rawValue)])?
                .integer(0)
        else { throw StorageFailure.unreadable(table: "changes", key: topic.rawValue) }
        if let known = latest.withLock({ $0?.stamp == stamp ? $0?.value : nil }) { return known }
        let value = try make()
        latest.withLock { $0 = (stamp, value) }
        return value
    }
}

/// Handovers that were read or saved last, by the stamp of their rows. Claims that were parsed once are known by their
/// text.
final class KeptHandovers<Machine: HandoverMachine>: Sendable {
    /// So many young ones; when there are more, those that nobody has asked for since are forgotten.
    private static var limit: Int { 2048 }

    private struct Generations {
        var young: [HandoverID: Entry] = [:]
        var old: [HandoverID: Entry] = [:]
    }

    struct Entry: Sendable {
        var stamp: Int64
        var row: HandoverRow<Machine>
        /// Their text, to know them again by.
        var claims: String
    }

    private let generations = Mutex(Generations())

    func find(_ id: HandoverID) -> Entry? {
        generations.withLock { generations in
            if let young = generations.young[id] { return young }
            guard let old = generations.old[id] else { return nil }
            Self.keep(old, id, in: &generations)
            return old
        }
    }

    func keep(_ entry: Entry) {
        generations.withLock { Self.keep(entry, entry.row.machine.id, in: &$0) }
    }

    private static func keep(_ entry: Entry, _ id: HandoverID, in generations: inout Generations) {
        if generations.young.count >= limit { generations = Generations(old: generations.young) }
        generations.young[id] = entry
    }
}
