import AgentCore
import Certificates
import ClientTransport
import Vocabulary

extension HostProxy {
    /// `proxy` of the file.
    ///
    /// - Parameter environment: the value of a variable, asked for only where the file says `from_environment: true`.
    init(_ file: ConfigurationSection, environment: @escaping (String) -> String?) throws(ConfigurationRefusal) {
        self.init()
        guard
            let section = try file.section(
                "proxy",
                keys: ["url", "headers", "username", "password_file", "no_proxy", "from_environment", "tls"])
        else { return }
        if try section.bool("from_environment") ?? false { try read(environment, section) }
        let headers = try Self.headers(section)
        if let url = try section.text("url") {
            do throws(ProxyRefusal) {
                forTLS = ProxySettings(address: try ProxySettings.address(url.content), connectHeaders: headers)
            } catch {
                throw .badValue(section.name("url"), line: url.line, reason: error.reason)
            }
            forPlaintext = forTLS
        } else if !headers.isEmpty {
            throw .missing(section.name("url"))
        }
        for text in try section.texts("no_proxy") ?? [] {
            guard let exception = ProxyException(text.content) else {
                throw .wrongForm(
                    section.name("no_proxy"), line: text.line,
                    expected: "a list of host, host:port, .domain, an address, a network such as 10.0.0.0/8, or *")
            }
            exceptions.append(exception)
        }
        let trust = try TLSConfiguration(section, keys: TLSConfiguration.proxyKeys)
        tls = ProxyTLS(anchors: trust.trust.anchors.certificates, includeSystemRoots: trust.trust.includesSystemRoots)
        if let leaf = trust.leaf, let key = trust.key {
            tls.identity = ClientIdentity(chain: leaf.certificates, key: key)
        }
        certificateFiles = trust.files
    }

    private mutating func read(
        _ environment: @escaping (String) -> String?, _ section: ConfigurationSection
    ) throws(ConfigurationRefusal) {
        let line = section.line(of: "from_environment")
        guard !section.contains("url") else {
            throw .conflict(section.name("from_environment"), with: section.name("url"), line: line)
        }
        do throws(ProxyEnvironment.Unusable) {
            self = try ProxyEnvironment(value: environment).read()
        } catch {
            throw .badValue(
                section.name("from_environment"), line: line, reason: "the variable \(error.variable): \(error.reason)")
        }
    }

    /// For CONNECT, credentials included.
    private static func headers(_ section: ConfigurationSection) throws(ConfigurationRefusal) -> [HeaderField] {
        let authorization = "proxy-authorization"
        var headers = try section.headers("headers", allowing: authorization)
        let username = try section.text("username")
        let password = try section.secret("password_file")
        guard let username, let password else {
            guard username == nil, password == nil else {
                throw .missing(section.name(username == nil ? "username" : "password_file"))
            }
            return headers
        }
        guard !username.content.contains(":") else {
            throw .badValue(section.name("username"), line: username.line, reason: "a user name contains no colon")
        }
        guard !headers.contains(where: { $0.name.lowercased() == authorization }) else {
            throw .conflict(
                section.name("username"), with: section.name("headers.Proxy-Authorization"), line: username.line)
        }
        headers.append(ProxyCredentials(username: Array(username.content.utf8), password: password).field)
        return headers
    }
}
