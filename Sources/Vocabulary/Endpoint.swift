/// Where an OpAMP server or a peer is reached: a `ws`, `wss`, `http` or `https` URL without user, query or fragment.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    public enum Scheme: String, Hashable, Sendable {
        case ws, wss, http, https
    }

    public let scheme: Scheme
    /// Lower case; an IPv6 address stands without its brackets.
    public let host: String
    public let port: UInt16
    /// Begins with `/`.
    public let path: String

    /// - Throws: `EndpointRefusal`, before any name is resolved.
    public init(_ text: String) throws(EndpointRefusal) {
        guard text.utf8.count <= Limits.endpointBytes else { throw .tooLong }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .forbiddenCharacter }
        guard let mark = text.firstPlace(of: "://") else { throw .noScheme }
        guard let scheme = Scheme(rawValue: text[..<mark.lowerBound].lowercased()) else { throw .unknownScheme }
        let rest = text[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let path = rest[authority.endIndex...]
        guard !path.contains("?"), !path.contains("#") else { throw .queryOrFragment }
        guard !authority.contains("@") else { throw .userInformation }

        let hostText: Substring
        let portText: Substring?
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { throw .badHost }
            hostText = authority[authority.index(after: authority.startIndex)..<bracket]
            guard hostText.contains(":"), hostText.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                throw .badHost
            }
            let tail = authority[authority.index(after: bracket)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw .badHost }
            portText = tail.isEmpty ? nil : tail.dropFirst()
        } else {
            let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            hostText = parts[0]
            portText = parts.count == 2 ? parts[1] : nil
            guard hostText.utf8.allSatisfy(isHostCharacter) else { throw .badHost }
        }
        guard !hostText.isEmpty, hostText.utf8.count <= Limits.hostBytes else { throw .badHost }
        if let portText {
            guard portText.allSatisfy(\.isNumber), let port = UInt16(portText), port > 0 else { throw .badPort }
            self.port = port
        } else {
            self.port = scheme == .wss || scheme == .https ? 443 : 80
        }
        self.scheme = scheme
        self.host = hostText.lowercased()
        self.path = path.isEmpty ? "/" : String(path)
        // What is saved and offered is the full text, and may be longer than what was given.
        guard description.utf8.count <= Limits.endpointBytes else { throw .tooLong }
    }

    public var isTLS: Bool { scheme == .wss || scheme == .https }
    public var isWebSocket: Bool { scheme == .ws || scheme == .wss }

    /// Host and port: what headers and trust belong to. The transport may change within one origin.
    public var origin: String { "\(hostInURL):\(port)" }

    /// The URL in full; the same endpoint always has the same text.
    public var description: String { "\(scheme.rawValue)://\(origin)\(path)" }

    private var hostInURL: String { host.contains(":") ? "[\(host)]" : host }
}

public enum EndpointRefusal: Error, Hashable, Sendable {
    case tooLong, forbiddenCharacter, noScheme, unknownScheme, userInformation, queryOrFragment, badHost, badPort

    /// One line for an operator, without the URL itself.
    public var reason: String {
        switch self {
        case .tooLong: "the URL is longer than \(Limits.endpointBytes) bytes"
        case .forbiddenCharacter:
            "the URL contains a space, a control character or a character outside ASCII; an international host name is written "
                + "as it stands in the DNS, with xn--"
        case .noScheme: "the URL does not begin with a scheme such as wss://"
        case .unknownScheme: "the scheme is not one of wss, https, ws and http"
        case .userInformation: "the URL contains a user name; credentials belong in headers"
        case .queryOrFragment: "the URL contains a query or a fragment"
        case .badHost: "the host is empty, too long or not a name or address"
        case .badPort: "the port is not a number from 1 to 65535"
        }
    }
}

private func isHostCharacter(_ character: UInt8) -> Bool {
    switch character {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
    default: false
    }
}
