import Certificates
import ClientTransport
import Foundation
import ScriptedOpAMPServer
import TestPKI
import Testing
import Vocabulary

@testable import AgentExtension

@Suite struct ProxyConfigurationTests {
    private func proxy(_ text: String, environment: [String: String] = [:]) throws -> HostProxy {
        try HostConfiguration(yaml: Array((ConfigurationTests.smallest + text).utf8)) { environment[$0] }.proxy
    }

    private func refusal(_ text: String, environment: [String: String] = [:]) throws -> String? {
        do {
            _ = try proxy(text, environment: environment)
            return nil
        } catch let refusal as ConfigurationRefusal {
            let message = refusal.operatorMessage
            #expect(!message.description.contains("canary"))
            return "\(message.code) \(message.cause)"
        }
    }

    @Test func `every key of a proxy is read`() throws {
        let host = try HostDirectory()
        let (server, own) = (try TestAuthority("proxy"), try TestAuthority("hosts").agent())
        try host.write(server.certificate.pem, to: "proxy-ca.pem")
        try host.write(own.certificate.pem, to: "own.pem")
        try host.write(own.key.pem.revealText(), to: "own.key")
        try host.write("canary\n", to: "password")
        let read = try proxy(
            """
            proxy:
              url: https://proxy.example:3129
              headers: {X-Site: a}
              username: host-7
              password_file: \(host.path)/password
              no_proxy: [internal.example]
              tls: {ca_file: \(host.path)/proxy-ca.pem, cert_file: \(host.path)/own.pem, key_file: \(host.path)/own.key}
            """)
        let settings = try #require(try read.proxy(for: Endpoint("wss://eu.example:4320/")))
        #expect(settings.url == "https://proxy.example:3129")
        #expect(
            settings.connectHeaders.map { "\($0.name): \($0.value.revealText())" } == [
                "X-Site: a", "Proxy-Authorization: Basic aG9zdC03OmNhbmFyeQ==",
            ])
        #expect(try read.proxy(for: Endpoint("ws://eu.example/")) == settings)
        #expect(try read.proxy(for: Endpoint("wss://a.internal.example/")) == nil)
        #expect(read.tls.anchors == [server.certificate] && !read.tls.includeSystemRoots)
        #expect(read.tls.identity?.chain == [own.certificate])
    }

    @Test func `a file without a proxy has none, whatever the environment says`() throws {
        let variables = ["https_proxy": "http://proxy.example:3128", "all_proxy": "http://proxy.example:3128"]
        for text in ["", "proxy: {from_environment: false}", "proxy: {no_proxy: [a.example]}"] {
            #expect(try proxy(text, environment: variables).proxy(for: Endpoint("wss://eu.example/")) == nil)
        }
    }

    @Test(
        arguments: [
            (["https_proxy": "proxy.example:3128"], "http://proxy.example:3128", nil),
            (
                ["HTTPS_PROXY": "https://proxy.example/", "http_proxy": "http://other:8080"],
                "https://proxy.example:443", "http://other:8080"
            ),
            (["all_proxy": "http://proxy.example:1"], "http://proxy.example:1", "http://proxy.example:1"),
            (["HTTP_PROXY": "http://proxy.example:1"], nil, nil),
            (["https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:1"], "http://a:1", nil),
            (["https_proxy": "http://a:1", "no_proxy": "x.example, eu.example"], nil, nil),
            (["https_proxy": "http://a:1", "NO_PROXY": "*"], nil, nil),
            ([:], nil, nil),
        ] as [([String: String], String?, String?)])
    func `the environment counts where the file says so`(
        variables: [String: String], tls: String?, plain: String?
    ) throws {
        let read = try proxy("proxy: {from_environment: true}", environment: variables)
        #expect(try read.proxy(for: Endpoint("wss://eu.example/"))?.url == tls)
        #expect(try read.proxy(for: Endpoint("http://eu.example/"))?.url == plain)
    }

    @Test(arguments: [
        ("http://user:pass@proxy.example:1", "Basic dXNlcjpwYXNz"), ("user@proxy.example:1", "Basic dXNlcjo="),
        ("http://us%40er:p%3A%25ss@proxy.example:1/", "Basic dXNAZXI6cDolc3M="),
        ("http://a:50%+f@proxy.example:1", "Basic YTo1MCUrZg=="),
    ])
    func `a variable may contain user and password`(text: String, value: String) throws {
        let read = try proxy("proxy: {from_environment: true}", environment: ["https_proxy": text])
        #expect(read.forTLS?.url == "http://proxy.example:1")
        #expect(read.forTLS?.connectHeaders == [HeaderField("Proxy-Authorization", Secret(value))])
    }

    @Test(arguments: [
        ("proxy: {url: 'socks5://p:1'}", "configuration.bad-value", "SOCKS is not supported"),
        ("proxy: {url: 'http://user:canary@p:1'}", "configuration.bad-value", "credentials belong in headers"),
        ("proxy: {url: 'http://p:1/x'}", "configuration.bad-value", "no path"),
        ("proxy: {headers: {X-Site: canary}}", "configuration.missing-key", "proxy.url"),
        ("proxy: {url: 'p:1', headers: {Host: canary}}", "configuration.bad-value", "sets this header itself"),
        ("proxy: {url: 'p:1', username: a}", "configuration.missing-key", "proxy.password_file"),
        ("proxy: {url: 'p:1', no_proxy: ['10.0.0.0/33']}", "configuration.wrong-form", "proxy.no_proxy"),
        ("proxy: {url: 'p:1', from_environment: true}", "configuration.conflict", "proxy.url"),
        ("proxy: {tls: {insecure_skip_verify: true}}", "configuration.unknown-key", "insecure_skip_verify"),
        ("proxy: {uri: 'p:1'}", "configuration.unknown-key", "proxy.uri"),
    ])
    func `what cannot be meant is refused by name`(text: String, code: String, words: String) throws {
        let refused = try #require(try refusal(text))
        #expect(refused.hasPrefix(code) && refused.contains(words), "\(refused)")
    }

    @Test(arguments: [
        (["https_proxy": "socks5://canary@p:1"], "https_proxy"), (["no_proxy": "a.example,10.0.0.0/99"], "no_proxy"),
        (["http_proxy": "http://p:0"], "http_proxy"),
    ])
    func `a variable that cannot be meant is refused by name`(variables: [String: String], name: String) throws {
        let refused = try #require(try refusal("proxy: {from_environment: true}", environment: variables))
        #expect(refused.hasPrefix("configuration.bad-value"))
        #expect(refused.contains("proxy.from_environment: the variable \(name): "), "\(refused)")
    }

    @Test(arguments: [
        ("*", "wss://a.example/", true), ("a.example", "wss://a.example/", true),
        ("a.example", "wss://b.a.example/", true), ("a.example", "wss://aa.example/", false),
        (".a.example", "wss://b.a.example/", true), ("*.a.example", "wss://b.a.example/", true),
        ("A.Example", "wss://a.example/", true), ("a.example:4320", "wss://a.example:4320/", true),
        ("a.example:4320", "wss://a.example/", false), ("10.1.2.3", "wss://10.1.2.3/", true),
        ("10.1.2.3", "wss://10.1.2.33/", false), ("10.0.0.0/8", "wss://10.200.1.1/", true),
        ("10.0.0.0/8", "wss://11.0.0.1/", false), ("10.128.0.0/9", "wss://10.127.0.1/", false),
        ("0.0.0.0/0", "wss://10.127.0.1/", true), ("0.0.0.0/0", "wss://[::1]/", false), ("::1", "wss://[::1]:1/", true),
        ("[::1]:4320", "wss://[::1]:4320/", true), ("[::1]:4320", "wss://[::1]:1/", false),
        ("fd00::/8", "wss://[fd12::1]/", true), ("fd00::/8", "wss://[fe80::1]/", false),
        ("10.0.0.0/8", "wss://ten.example/", false),
    ])
    func `an exception covers names, addresses and networks`(text: String, endpoint: String, isCovered: Bool) throws {
        let exception = try #require(ProxyException(text))
        #expect(exception.covers(try Endpoint(endpoint)) == isCovered)
    }

    @Test(arguments: ["", "a b", "http://a", "a/", "10.0.0.0/x", "10.0.0.0/-1", "a.example/8", "a:0", "*a.example:x"])
    func `what is no exception is none`(text: String) { #expect(ProxyException(text) == nil) }
}
