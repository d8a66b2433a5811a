/// The name of an HTTP field.
public enum FieldName {
    /// One `tchar` or more (RFC 9110 section 5.6.2).
    public static func isWellFormed(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: punctuation.contains(byte)
                }
            }
    }

    private static let punctuation = Set("!#$%&'*+-.^_`|~".utf8)

    /// The agent, or HTTP itself, sets it: it controls the connection or says who the agent is.
    public static func isReserved(_ name: String) -> Bool {
        let name = name.lowercased()
        return reserved.contains(name) || name.hasPrefix("sec-") || name.hasPrefix("proxy-")
    }

    private static let reserved: Set<String> = [
        "host", "connection", "upgrade", "te", "trailer", "transfer-encoding", "keep-alive", "content-length",
        "content-type", "content-encoding", "accept-encoding", "expect", "http2-settings", "opamp-instance-uid",
        "handover-id",
    ]
}

extension Unicode.Scalar {
    /// It prints as what it is: no control character that could forge a log line, no format character that turns the
    /// reading direction or hides.
    public var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}

extension String {
    /// The beginning of a text from outside, fit for one line of a message.
    ///
    /// - Parameter limit: in Unicode scalars; one character may consist of a million of them.
    public func printable(upTo limit: Int) -> String {
        String(UnicodeScalarView(unicodeScalars.prefix(limit).map { $0.isPrintable ? $0 : "?" }))
    }
}
