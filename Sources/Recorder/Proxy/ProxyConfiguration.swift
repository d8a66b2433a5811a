package import Certificates
import Foundation
package import Vocabulary

/// What the proxy listens on, where it leads, and what it shows to either side.
package struct ProxyConfiguration: Sendable {
    /// A certificate with its chain, and its key.
    package struct Identity: Sendable {
        let chain: [Certificate]
        let key: TLSServerKey

        /// - Throws: `RecorderFailure.fileUnreadable`, `UnusableFile`.
        package static func read(certificate: String, key keyPath: String) throws -> Identity {
            let chain = try ProxyConfiguration.certificates(in: certificate, besideKey: true)
            let text = try ProxyConfiguration.text(of: keyPath)
            let key = try UnusableFile.naming(keyPath) { () throws(CertificateFailure) in
                try TLSServerKey(pem: Secret(text))
            }
            guard let leaf = chain.first, key.belongs(to: leaf) else {
                throw UnusableFile(path: keyPath, failure: CertificateFailure.keyMismatch.operatorMessage)
            }
            return Identity(chain: chain, key: key)
        }
    }

    package var host: String
    /// 0 lets the kernel choose.
    package var port: Int
    /// TLS with agents; plain TCP when absent.
    package var identity: Identity?
    /// Its scheme says whether the proxy uses TLS with the server; requests keep their own path.
    package var server: Endpoint
    /// Who may have issued the server's certificate; the system's CAs when absent.
    package var serverAuthorities: [Certificate]?
    /// What the proxy shows to the server in the place of the agent.
    package var clientIdentity: Identity?
    package var rules: [Rule]

    /// - Parameters:
    ///   - listen: `HOST:PORT`.
    ///   - server: a URL.
    /// - Throws: `RecorderFailure.badAddress`.
    package init(
        listen: String, identity: Identity? = nil, server: String, serverAuthorities: [Certificate]? = nil,
        clientIdentity: Identity? = nil, rules: [Rule] = []
    ) throws(RecorderFailure) {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
            (0...65_535).contains(port), colon > listen.startIndex
        else { throw .badAddress("--listen \(listen)", why: "it is not HOST:PORT") }
        do {
            self.server = try Endpoint(server)
        } catch {
            throw .badAddress("--to \(server.printable(upTo: 200))", why: error.reason)
        }
        host = String(listen[..<colon].filter { $0 != "[" && $0 != "]" })
        self.port = port
        self.identity = identity
        self.serverAuthorities = serverAuthorities
        self.clientIdentity = clientIdentity
        self.rules = rules
    }

    /// - Throws: `RecorderFailure.fileUnreadable`, `UnusableFile`.
    package static func certificates(in path: String, besideKey: Bool = false) throws -> [Certificate] {
        let text = try text(of: path)
        return try UnusableFile.naming(path) { () throws(CertificateFailure) in
            try CertificateBundle(pem: text, besideKey: besideKey).certificates
        }
    }

    private static func text(of path: String) throws(RecorderFailure) -> String {
        do {
            return try String(contentsOf: URL(filePath: path), encoding: .utf8)
        } catch {
            throw .fileUnreadable(path, why: error.localizedDescription)
        }
    }
}

extension UnusableFile {
    fileprivate static func naming<Value>(
        _ path: String, _ read: () throws(CertificateFailure) -> Value
    ) throws(UnusableFile) -> Value {
        do throws(CertificateFailure) {
            return try read()
        } catch {
            throw UnusableFile(path: path, failure: error.operatorMessage)
        }
    }
}
