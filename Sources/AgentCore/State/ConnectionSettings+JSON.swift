import Certificates
import HandoverToken
public import Vocabulary

extension ServerSettings {
    public var json: JSON {
        .members([
            "settings": settings.json, "tokenSigners": tokenSigners.map { .string($0.pem) },
            "signersVersion": .integer(signersVersion),
        ])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "home")
        self.init(
            settings: try reader.object("settings") { json throws(StateRefusal) in try ConnectionSettings(json: json) },
            tokenSigners: try reader.optional("tokenSigners") { $0.string.flatMap { try? TokenSigners(pem: $0) } },
            signersVersion: try reader.required("signersVersion", \.integer))
        try reader.refuseUnknownMembers()
    }
}

extension ConnectionSettings {
    public var json: JSON {
        .members([
            "endpoint": .string(endpoint.description),
            "headers": .array(headers.map(\.json)),
            "serverCAs": trust.anchors.isEmpty ? nil : .string(trust.anchors.pem),
            "includesSystemRoots": .bool(trust.includesSystemRoots),
            "leaf": leaf.map { .string($0.pem) },
            "leafKey": leaf?.offeredKey.map { .hex($0.reveal()) },
            "minimumTLS": .string(tls.minimum.rawValue),
            "maximumTLS": .string(tls.maximum.rawValue),
            "cipherSuites": .array(tls.cipherSuites.map(JSON.string)),
            "skipsVerification": .bool(skipsVerification),
            "proxy": proxy?.json,
            "heartbeat": heartbeat.map(JSON.span),
        ])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "settings")
        self.init(
            endpoint: try reader.required("endpoint") { $0.string.flatMap { try? Endpoint($0) } },
            headers: try reader.list("headers") { json throws(StateRefusal) in try HeaderField(json: json) },
            trust: ServerTrust(
                anchors: try reader.optional("serverCAs") { $0.string.flatMap { try? CertificateBundle(pem: $0) } }
                    ?? CertificateBundle([]),
                includesSystemRoots: try reader.required("includesSystemRoots", \.bool)),
            leaf: try reader.optional("leaf") { $0.string.flatMap { try? LeafChain(pem: $0) } },
            tls: TLSBounds(
                minimum: try reader.required("minimumTLS") { $0.string.flatMap { TLSVersion(rawValue: $0) } },
                maximum: try reader.required("maximumTLS") { $0.string.flatMap { TLSVersion(rawValue: $0) } },
                cipherSuites: try reader.list("cipherSuites") { json throws(StateRefusal) in
                    guard let suite = json.string else { throw .malformed("settings.cipherSuites") }
                    return suite
                }),
            skipsVerification: try reader.required("skipsVerification", \.bool),
            proxy: try reader.optionalObject("proxy") { json throws(StateRefusal) in try ProxySettings(json: json) },
            heartbeat: try reader.optional("heartbeat", \.span))
        leaf?.offeredKey = try reader.optional("leafKey", \.bytes).map { Secret($0) }
        try reader.refuseUnknownMembers()
    }
}

extension HeaderField {
    var json: JSON { .members(["name": .string(name), "value": .hex(value.reveal())]) }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "header")
        self.init(try reader.required("name", \.string), Secret(try reader.required("value", \.bytes)))
        try reader.refuseUnknownMembers()
    }
}

extension ProxySettings {
    var json: JSON {
        .members([
            "isTLS": isTLS ? .bool(true) : nil, "host": .string(host), "port": .integer(Int64(port)),
            "headers": .array(connectHeaders.map(\.json)),
        ])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "proxy")
        self.init(
            isTLS: try reader.optional("isTLS", \.bool) ?? false, host: try reader.required("host", \.string),
            port: try reader.required("port") { $0.integer.flatMap { UInt16(exactly: $0) } },
            connectHeaders: try reader.list("headers") { json throws(StateRefusal) in try HeaderField(json: json) })
        try reader.refuseUnknownMembers()
    }
}
