/// Every cap of this package that both ends share. Sizes are in bytes.
public enum Limits {
    /// One JSON document: a token's parts, a state file, a federation answer.
    public static let jsonBytes = 1 << 20
    public static let jsonDepth = 16

    /// A handover token's text, before anything else is looked at.
    public static let tokenBytes = 16 * 1024
    /// Certificates in one trust set of a token.
    public static let bundleCertificates = 8
    /// One certificate or signing request, DER. Large ones in the wild are a quarter of it.
    public static let certificateBytes = 16 * 1024
    /// One PEM text, before any of it is decoded. A distribution's bundle of all public CAs is a quarter of it.
    public static let pemBytes = 1 << 20
    /// The agent's saved state: the CA certificates of up to four servers, and what stands beside them.
    public static let stateBytes = 7 << 20

    /// One OpAMP message after decompression, both ways. The specification's default is 64 MiB; a fleet's messages
    /// are a thousandth of that, and the frame cap known from the field is 10 MiB.
    public static let messageBytes = 10 << 20
    public static let messageDepth = 64
    public static let messageFields = 200_000
    /// Memory one message may take while it is decoded: empty messages grow about fiftyfold.
    public static let messageMemoryBytes = 64 << 20

    /// One HTTP header section, and one header value in an offer.
    public static let headerSectionBytes = 32 * 1024
    public static let offeredHeaders = 64
    public static let endpointBytes = 2048
    /// libwebsockets truncates a longer `Host` into a broken request.
    public static let hostBytes = 110

    /// A name an operator gives: peer, group, configuration.
    public static let nameBytes = 64
}

/// The rule that a refused name breaks, for the operator.
public let nameRule =
    "a name is 1 to \(Limits.nameBytes) letters a-z and A-Z, digits, dots, underscores and hyphens, and does not begin "
    + "with a dot"

/// The form of names that operators give to peers, groups and configurations: they stand in URLs, in
/// `peer:<name>/<id>` and in file names, so they are 1 to 64 of letters, digits, `.`, `_` and `-`, not starting with `.`.
public func isValidName(_ name: String) -> Bool {
    (1...Limits.nameBytes).contains(name.utf8.count) && !name.hasPrefix(".")
        && name.utf8.allSatisfy { character in
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
}
