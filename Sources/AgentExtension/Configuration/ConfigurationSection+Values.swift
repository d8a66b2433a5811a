import AgentCore
import Certificates
import DurableFiles
import HandoverToken
import OpAMPProto
import Vocabulary

// Values that more than text stands behind.
extension ConfigurationSection {
    /// - Parameter besideKey: whether the private key may stand in the same file.
    func bundle(_ key: String, besideKey: Bool = false) throws(ConfigurationRefusal) -> CertificateBundle? {
        guard let file = try contents(key, mode: .public) else { return nil }
        do {
            return try CertificateBundle(pem: file.text, besideKey: besideKey)
        } catch {
            throw badFile(key, at: file.line, file.path, error)
        }
    }

    func tokenSigners(_ key: String) throws(ConfigurationRefusal) -> TokenSigners? {
        guard let file = try contents(key, mode: .public) else { return nil }
        do {
            return try TokenSigners(pem: file.text)
        } catch {
            if case .unreadable(let failure) = error { throw badFile(key, at: file.line, file.path, failure) }
            throw .badFile(name(key), line: file.line, path: file.path, reason: error.reason)
        }
    }

    /// The first line of a file that only its owner may read: a passphrase or a password.
    func secret(_ key: String) throws(ConfigurationRefusal) -> Secret? {
        guard let file = try contents(key, mode: .private) else { return nil }
        guard let secret = Secret(tokenText: file.text) else {
            throw .badFile(name(key), line: file.line, path: file.path, reason: "there is nothing in it.")
        }
        return secret
    }

    func privateKey(_ key: String, passphrase: Secret?) throws(ConfigurationRefusal) -> PrivateKey? {
        guard let file = try contents(key, mode: .private) else { return nil }
        do {
            return try PrivateKey(clientPEM: Secret(file.text), passphrase: passphrase)
        } catch {
            throw badFile(key, at: file.line, file.path, error)
        }
    }

    /// Names are the operator's; values are secrets.
    ///
    /// - Parameter allowing: a name, in lower case, that only a proxy's headers may have.
    func headers(_ key: String, allowing: String? = nil) throws(ConfigurationRefusal) -> [HeaderField] {
        var fields: [HeaderField] = []
        for (name, value) in try pairs(key) {
            guard case .scalar(let text, _) = value.content else {
                throw .wrongForm("\(self.name(key)).\(name)", line: value.line, expected: "text")
            }
            guard !FieldName.isReserved(name) || name.lowercased() == allowing else {
                throw .badValue(
                    "\(self.name(key)).\(name)", line: value.line, reason: "the agent sets this header itself")
            }
            // Found when the agent dials, it would be a connection that never comes up.
            guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw .badValue(
                    "\(self.name(key)).\(name)", line: value.line,
                    reason: "it contains a line break or another control character")
            }
            guard !text.contains("${") else {
                throw .badValue(
                    "\(self.name(key)).\(name)", line: value.line,
                    reason: "the agent replaces no variables such as ${env:NAME}")
            }
            fields.append(HeaderField(name, Secret(text)))
        }
        return fields
    }

    /// Attribute values as YAML means them: quoted text is text, plain `true` and whole numbers are what they look like.
    func attributes(_ key: String) throws(ConfigurationRefusal) -> [KeyValue] {
        var attributes: [KeyValue] = []
        for (name, value) in try pairs(key) {
            guard case .scalar(let text, let isPlain) = value.content else {
                throw .wrongForm(
                    "\(self.name(key)).\(name)", line: value.line, expected: "text, a number or true or false")
            }
            let read: AnyValue =
                switch (isPlain, text) {
                case (true, "true"): .bool(true)
                case (true, "false"): .bool(false)
                // Not 007, and not +1: whoever writes that means text.
                case (true, _): Int64(text).flatMap { "\($0)" == text ? .int($0) : nil } ?? .string(text)
                default: .string(text)
                }
            attributes.append(KeyValue(key: name, value: read))
        }
        return attributes
    }

    private func contents(
        _ key: String, mode: AtomicFile.Mode
    ) throws(ConfigurationRefusal) -> (text: String, path: String, line: Int)? {
        guard let path = try text(key) else { return nil }
        let bytes: [UInt8]?
        do {
            bytes = try OperatorFile.read(path.content, limit: Limits.pemBytes, mode: mode)
        } catch {
            throw badFile(key, at: path.line, path.content, error)
        }
        guard let bytes else {
            throw .badFile(name(key), line: path.line, path: path.content, reason: "there is no such file.")
        }
        // Text around the blocks may be in any encoding.
        return (String(decoding: bytes, as: UTF8.self), path.content, path.line)
    }

    private func badFile(
        _ key: String, at line: Int, _ path: String, _ failure: some OperatorExplainable
    ) -> ConfigurationRefusal {
        let message = failure.operatorMessage
        return .badFile(
            name(key), line: line, path: path, reason: message.cause, nextAction: message.nextAction)
    }
}
