import Certificates
import Vocabulary

/// The hash chain over the audit trail: changing, removing or reordering an entry changes every hash after it.
package enum AuditChain {
    /// What stands in for the hash before the first entry.
    package static let origin = [UInt8](repeating: 0, count: 32)

    /// From where a verification starts: the beginning, or the row that a retention run left behind.
    package struct Checkpoint: Hashable, Sendable {
        /// The last entry that was deleted.
        package var sequence: Int64
        package var hash: [UInt8]
        /// Entries deleted by this run and all before it.
        package var count: Int64
        package var by: String

        package init(sequence: Int64, hash: [UInt8], count: Int64, by: String) {
            self.sequence = sequence
            self.hash = hash
            self.count = count
            self.by = by
        }
    }

    package enum Verdict: Hashable, Sendable {
        /// All entries hold; `head` is the hash of the last one.
        case intact(entries: Int, head: [UInt8])
        case missing(sequence: Int64)
        /// This entry does not contain the hash of the previous one.
        case unlinked(sequence: Int64)
        /// This entry's content is not what its stored hash was made of.
        case altered(sequence: Int64)
        /// What is stored for this entry is not in the form of one.
        case unreadable(sequence: Int64)
    }

    /// SHA-256 over the entry's canonical text, previous hash included.
    package static func hash(_ entry: AuditEntry) -> [UInt8] {
        Digest.sha256(Array(canonicalText(entry).utf8))
    }

    /// One verification under way: entry by entry, so that a long trail needs no more memory than a short one.
    package struct Walk: Sendable {
        private var sequence: Int64
        private var head: [UInt8]
        private var count = 0

        package init(after checkpoint: Checkpoint? = nil) {
            sequence = checkpoint?.sequence ?? 0
            head = checkpoint?.hash ?? AuditChain.origin
        }

        /// What is wrong with the next entry, if anything is.
        ///
        /// - Parameter stored: the entry beside the hash stored with it; `nil` when it does not read.
        package mutating func fault(at number: Int64, reading stored: (entry: AuditEntry, hash: [UInt8])?) -> Verdict? {
            sequence += 1
            count += 1
            guard number == sequence else { return .missing(sequence: sequence) }
            guard let (entry, hash) = stored else { return .unreadable(sequence: sequence) }
            guard entry.previousHash == head else { return .unlinked(sequence: sequence) }
            head = AuditChain.hash(entry)
            guard hash == head else { return .altered(sequence: sequence) }
            return nil
        }

        /// The verdict when no fault was found.
        package var end: Verdict { .intact(entries: count, head: head) }
    }

    /// Every field in a fixed order; the JSON writer gives one text per value.
    private static func canonicalText(_ entry: AuditEntry) -> String {
        let text = { (value: String?) in value.map(JSON.string) ?? .null }
        return JSON.array([
            .integer(entry.sequence), .integer(entry.at.milliseconds), .string(entry.context.actor),
            .string(entry.context.role), .string(entry.fact.action.rawValue), .string(entry.fact.entityType),
            .string(entry.fact.entityID), text(entry.fact.before), text(entry.fact.after),
            text(entry.context.sourceAddress), text(entry.context.traceID),
            text(entry.fact.originPeerID?.description), entry.fact.additional,
            .string(Hex.encode(entry.previousHash)),
        ]).description
    }
}
