import Vocabulary

extension HeaderField {
    /// The field as it stands in a request, or `nil` if it would break the request (RFC 9110 section 5.5) or belongs
    /// to the transport itself.
    var line: String? {
        let text = value.revealText()
        guard FieldName.isWellFormed(name),
            !text.utf8.contains(where: { $0 < 0x20 && $0 != UInt8(ascii: "\t") || $0 == 0x7F }),
            !Self.ownNames.contains(name.lowercased()), !name.lowercased().hasPrefix("sec-websocket-")
        else { return nil }
        return "\(name): \(text)\r\n"
    }

    private static let ownNames: Set<String> = [
        "host", "connection", "upgrade", "content-length", "transfer-encoding", "te", "trailer", "expect",
    ]
}

/// The header lines of one request, checked before anything is dialled.
struct RequestHeaders {
    let text: String

    /// libwebsockets writes a request into one buffer of 16 KiB; this leaves room for what it writes itself.
    static let limit = 12 * 1024
    /// libwebsockets cuts a longer request line off.
    static let pathLimit = 1900

    /// - Throws: `DialFailure` with cause `policy`: such settings can never work.
    init(_ headers: [HeaderField], for endpoint: Endpoint) throws(DialFailure) {
        guard endpoint.path.utf8.count <= Self.pathLimit else {
            throw DialFailure(.policy, "the endpoint's path is longer than \(Self.pathLimit) bytes")
        }
        var text = ""
        for header in headers {
            guard let line = header.line else {
                let name = header.name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }.prefix(64)
                throw DialFailure(.policy, "the header \"\(name)\" has a name or value that cannot be sent")
            }
            text += line
        }
        guard text.utf8.count <= Self.limit else {
            throw DialFailure(.policy, "the headers are longer than \(Self.limit) bytes")
        }
        self.text = text
    }
}
