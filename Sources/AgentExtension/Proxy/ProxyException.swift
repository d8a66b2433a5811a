import Certificates
public import Vocabulary

/// An entry of `proxy.no_proxy` or of the variable `no_proxy`.
public struct ProxyException: Hashable, Sendable {
    private enum Hosts: Hashable {
        case all
        /// The name itself and every name below it.
        case domain(String)
        /// Every address that begins with so many bits of these bytes.
        case network([UInt8], bits: Int)
    }

    private let hosts: Hosts
    private let port: UInt16?

    /// - Parameter text: `*`; a name, with or without `.` or `*.` in front; an address; a network such as `10.0.0.0/8`. A name or
    ///   an address can have a port.
    /// - Returns: `nil` when the text is none of these.
    public init?(_ text: String) {
        if text == "*" {
            (hosts, port) = (.all, nil)
        } else if let network = Self.network(text) {
            (hosts, port) = (network, nil)
        } else {
            let name = text.hasPrefix("*.") ? text.dropFirst(2) : text.hasPrefix(".") ? text.dropFirst() : text[...]
            // Only to read host and port as those of a server are read.
            guard let endpoint = try? Endpoint("wss://\(name)"), endpoint.path == "/", !name.hasSuffix("/") else {
                return nil
            }
            hosts = Self.network(endpoint.host) ?? .domain(endpoint.host)
            port = name.hasSuffix("]") || !name.contains(":") ? nil : endpoint.port
        }
    }

    private static func network(_ text: String) -> Hosts? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        let whole = address.bytes.count * 8
        guard parts.count == 2 else { return .network(address.bytes, bits: whole) }
        guard let bits = Int(parts[1]), (0...whole).contains(bits) else { return nil }
        return .network(address.bytes, bits: bits)
    }

    /// Names are not resolved: a network covers servers that are named by address.
    public func covers(_ endpoint: Endpoint) -> Bool {
        guard port == nil || port == endpoint.port else { return false }
        switch hosts {
        case .all: return true
        case .domain(let name): return endpoint.host == name || endpoint.host.hasSuffix("." + name)
        case .network(let bytes, let bits):
            guard let address = IPAddress(endpoint.host), address.bytes.count == bytes.count else { return false }
            return zip(bytes, address.bytes).enumerated().allSatisfy { index, pair in
                let left = min(8, max(0, bits - index * 8))
                return (pair.0 ^ pair.1) >> UInt8(8 - left) == 0
            }
        }
    }
}
