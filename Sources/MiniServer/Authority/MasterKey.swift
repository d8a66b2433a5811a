import Certificates
import DurableFiles
import Vocabulary

/// The one key that is not in the database: everything secret in the database is sealed under it.
enum MasterKey {
    /// Reads the key file, or makes one at the first start.
    ///
    /// - Parameter mayCreate: false once a database exists, because a new key would open none of its secrets.
    /// - Throws: `AuthorityFailure.masterKeyMissing`, `.masterKeyUnreadable`, or `FileFailure`.
    static func load(from path: String, mayCreate: Bool) throws -> SealingKey {
        if let bytes = try AtomicFile.read(path, limit: 1024) {
            let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
            guard let key = Base64URL.decode(text), key.count == 32 else {
                throw AuthorityFailure.masterKeyUnreadable(path: path)
            }
            return try SealingKey(Secret(key))
        }
        guard mayCreate else { throw AuthorityFailure.masterKeyMissing(path: path) }
        let key = RandomBytes.generate(32)
        try AtomicFile.write(Array((Base64URL.encode(key) + "\n").utf8), to: path, mode: .private)
        return try SealingKey(Secret(key))
    }
}
