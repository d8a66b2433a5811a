import Vocabulary

/// The variables by which programs are told of a proxy. The agent reads them only if its configuration file says so.
struct ProxyEnvironment {
    let value: (String) -> String?

    /// Why a variable cannot be used.
    struct Unusable: Error {
        let variable: String
        /// Without the value, which may contain a password.
        let reason: String
    }

    func read() throws(Unusable) -> HostProxy {
        // Not HTTP_PROXY: in a CGI program that is a header of the request.
        HostProxy(
            forTLS: try proxy(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            forPlaintext: try proxy(["http_proxy", "all_proxy", "ALL_PROXY"]),
            exceptions: try exceptions(["no_proxy", "NO_PROXY"]))
    }

    private func first(of names: [String]) -> (name: String, text: String)? {
        names.lazy.compactMap { name in value(name).map { (name, $0) } }.first
    }

    private func proxy(_ names: [String]) throws(Unusable) -> ProxySettings? {
        guard let (name, text) = first(of: names) else { return nil }
        do {
            let parts = Self.parts(of: text)
            let address = try ProxySettings.address(parts.address)
            return ProxySettings(address: address, connectHeaders: parts.credentials.map { [$0.field] } ?? [])
        } catch {
            throw Unusable(variable: name, reason: error.reason)
        }
    }

    private func exceptions(_ names: [String]) throws(Unusable) -> [ProxyException] {
        guard let (name, text) = first(of: names) else { return [] }
        var exceptions: [ProxyException] = []
        for entry in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            guard let exception = ProxyException(String(entry)) else {
                throw Unusable(
                    variable: name,
                    reason: "\"\(String(entry).printable(upTo: 80))\" is not a name, an address or a network")
            }
            exceptions.append(exception)
        }
        return exceptions
    }

    /// Only here a URL may contain user and password, since a variable has no other place for them.
    private static func parts(of text: String) -> (address: String, credentials: ProxyCredentials?) {
        let scheme = text.firstPlace(of: "://").map { text[..<$0.upperBound] } ?? ""
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else {
            return (String(scheme + (rest.hasSuffix("/") ? rest.dropLast() : rest)), nil)
        }
        let user = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let credentials = ProxyCredentials(
            username: percentDecoded(user[0]), password: Secret(user.count == 2 ? percentDecoded(user[1]) : []))
        return (String(scheme + authority[authority.index(after: at)...]), credentials)
    }

    private static func percentDecoded(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self).lowercased()
            if byte == UInt8(ascii: "%"), let value = Hex.decode(digits)?.first {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}

/// User and password for a proxy (RFC 7617).
struct ProxyCredentials {
    let username: [UInt8]
    let password: Secret

    var field: HeaderField {
        let text = Base64.encode(username + [UInt8(ascii: ":")] + password.reveal())
        return HeaderField("Proxy-Authorization", Secret("Basic " + text))
    }
}
