import AgentCore
import Certificates
import DurableFiles
import HandoverToken
import OpAMPProto
import Vocabulary

// Values that more than text stands behind.
extension ConfigurationSection {
    func bundle(_ key: String) throws(ConfigurationRefusal) -> CertificateBundle? {
        guard let file = try contents(key, mode: .public) else { return nil }
        do {
            return try CertificateBundle(pem: file.text)
        } catch {
            throw .badFile(name(key), line: file.line, path: file.path, reason: error.operatorMessage.cause)
        }
    }

    func tokenSigners(_ key: String) throws(ConfigurationRefusal) -> TokenSigners? {
        guard let file = try contents(key, mode: .public) else { return nil }
        do {
            return try TokenSigners(pem: file.text)
        } catch {
            throw .badFile(name(key), line: file.line, path: file.path, reason: error.reason)
        }
    }

    func privateKey(_ key: String) throws(ConfigurationRefusal) -> PrivateKey? {
        guard let file = try contents(key, mode: .private) else { return nil }
        do {
            return try PrivateKey(pem: Secret(file.text))
        } catch {
            throw .badFile(name(key), line: file.line, path: file.path, reason: error.operatorMessage.cause)
        }
    }

    /// Names are the operator's; values are secrets.
    func headers(_ key: String) throws(ConfigurationRefusal) -> [HeaderField] {
        var fields: [HeaderField] = []
        for (name, value) in try pairs(key) {
            guard case .scalar(let text, _) = value.content else {
                throw .wrongForm("\(self.name(key)).\(name)", line: value.line, expected: "text")
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
                case (true, _): Int64(text).map(AnyValue.int) ?? .string(text)
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
            bytes = try AtomicFile.read(path.content, limit: Limits.pemBytes, mode: mode)
        } catch {
            throw .badFile(name(key), line: path.line, path: path.content, reason: error.operatorMessage.cause)
        }
        guard let bytes, let text = String(validating: bytes, as: UTF8.self) else {
            throw .badFile(
                name(key), line: path.line, path: path.content,
                reason: bytes == nil ? "there is no such file." : "it is not text.")
        }
        return (text, path.content, path.line)
    }
}
