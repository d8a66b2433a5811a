// What must not reach a log even when a whole message is printed: header values, private keys, and the free-form
// settings of other connections, which may hold tokens.

private let redacted = "(redacted)"

extension Header: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(key): \(redacted)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["key": key, "value": redacted]) }
}

extension TLSCertificate: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "certificate of \(cert.count) bytes, private key \(privateKey.isEmpty ? "absent" : redacted), "
            + "issuer of \(caCert.count) bytes"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}

extension OtherConnectionSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "connection to \(destinationEndpoint), settings \(otherSettings.keys.sorted()) \(redacted)"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
