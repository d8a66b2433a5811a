import Certificates
import DurableFiles
import ServerStorage
import Vocabulary

/// The file beside the master key that names the database it belongs to. A start with the key and without that database
/// would found another server, and every agent and peer would be lost without a word.
struct IdentityMark {
    let path: String
    let key: String
    let database: String

    init(directory: String, database: String) {
        path = directory + "/peer-id"
        key = directory + "/master.key"
        self.database = database
    }

    /// To be called before the database is opened: it changes none of the files.
    ///
    /// - Throws: `IdentityFailure`, `FileFailure` or `StorageFailure`.
    func check() throws {
        guard let expected = try read() else { return }
        guard let found = try ServerDatabase.fact(FactRecord.peerID, at: database) else {
            throw IdentityFailure.databaseLost(path: database, peer: expected)
        }
        guard found == expected else {
            throw IdentityFailure.otherDatabase(path: database, expected: expected, found: found)
        }
    }

    /// Names the database of this server, once it is founded.
    func set(_ peer: PeerID) throws {
        guard try read() != peer.description else { return }
        try AtomicFile.write(Array((peer.description + "\n").utf8), to: path)
    }

    private func read() throws -> String? {
        try AtomicFile.read(path, limit: 1024).map { String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace } }
    }
}

/// The database in the data directory is not the one that the master key belongs to.
enum IdentityFailure: Error, Hashable, OperatorCoded {
    case databaseLost(path: String, peer: String)
    case otherDatabase(path: String, expected: String, found: String)

    typealias Code = StartCode

    var words: Words {
        switch self {
        case .databaseLost(let path, let peer):
            (
                code: .databaseLost, title: "The database of this server is missing",
                cause: "The master key belongs to the server \(peer), and \(path) is missing or empty.",
                nextAction: "Restore the database with all its files from a backup; to set up a new server, "
                    + "start it with an empty data directory."
            )
        case .otherDatabase(let path, let expected, let found):
            (
                code: .otherDatabase, title: "The database belongs to another server",
                cause: "The master key belongs to the server \(expected), and \(path) to the server \(found).",
                nextAction: "Restore database, master.key and peer-id from the same backup."
            )
        }
    }
}
