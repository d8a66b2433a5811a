import Vocabulary

extension HandoverClaims {
    /// Members always in this order: the same claims have the same bytes.
    var json: JSON {
        .members([
            "jti": .string(id.description),
            "iss": .string(issuer.description),
            "aud": .string(audience.description),
            "iat": .integer(issuedAt.seconds),
            "nbf": .integer(notBefore.seconds),
            "exp": .integer(expiresAt.seconds),
            "cnf": .members(["x5t#S256": .string(leaf.x5tS256)]),
            "sub": .string(agent.row.description),
            "instance_uid": .string(agent.instanceUID.description),
            "display_name": .string(agent.displayName),
            "capabilities": .integer(Int64(clamping: agent.capabilities)),
            "group": agent.group.map(JSON.string),
            "configuration": agent.configuration.map(JSON.string),
            "target": .members([
                "name": .string(target.name),
                "endpoint": .string(target.endpoint.description),
                "serverCAs": target.serverCAs.json,
                "tokenSigners": target.tokenSigners.json,
                "headers": .array(
                    target.headers.map { header in
                        .members(["name": .string(header.name), "value": .string(header.value.revealText())])
                    }),
            ]),
            "source": .members(["name": .string(source.name), "agentCAs": source.agentCAs.json]),
            "epoch": .integer(Int64(clamping: epoch)),
            "probation": .integer(probation.components.seconds),
            "purpose": .string(purpose.rawValue),
        ])
    }

    /// Reads the form of every claim; whether they are acceptable is another question.
    ///
    /// Claims that are not ours are ignored at the top (RFC 7519 section 4) and refused inside `cnf` (RFC 7800
    /// section 3.1), `target` and `source`.
    init(json: JSON) throws(ClaimDefect) {
        let claims = try ClaimReader(json)
        let confirmation = try claims.object("cnf", only: ["x5t#S256"])
        self.init(
            id: try claims.identifier("jti"),
            issuer: try claims.identifier("iss"),
            audience: try claims.identifier("aud"),
            issuedAt: try claims.time("iat"),
            notBefore: try claims.time("nbf"),
            expiresAt: try claims.time("exp"),
            leaf: try confirmation.required("x5t#S256") { $0.string.flatMap { Fingerprint(x5tS256: $0) } },
            agent: try Agent(claims),
            target: try Target(
                claims.object("target", only: ["name", "endpoint", "serverCAs", "tokenSigners", "headers"])),
            source: try Source(claims.object("source", only: ["name", "agentCAs"])),
            epoch: try claims.count("epoch"),
            probation: .seconds(try claims.count("probation")),
            purpose: try claims.required("purpose") { $0.string.flatMap(Purpose.init(rawValue:)) })
    }
}

extension HandoverClaims.Agent {
    fileprivate init(_ claims: ClaimReader) throws(ClaimDefect) {
        self.init(
            row: try claims.identifier("sub"),
            instanceUID: try claims.identifier("instance_uid"),
            displayName: try claims.string("display_name"),
            capabilities: try claims.count("capabilities"),
            group: try claims.optional("group", \.string),
            configuration: try claims.optional("configuration", \.string))
    }
}

extension HandoverClaims.Target {
    fileprivate init(_ claims: ClaimReader) throws(ClaimDefect) {
        var headers: [HeaderField] = []
        for header in try claims.objects("headers", only: ["name", "value"]) {
            headers.append(HeaderField(try header.string("name"), Secret(try header.string("value"))))
        }
        self.init(
            name: try claims.string("name"),
            endpoint: try claims.endpoint("endpoint"),
            serverCAs: try claims.trustSet("serverCAs"),
            tokenSigners: try claims.trustSet("tokenSigners"),
            headers: headers)
    }
}

extension HandoverClaims.Source {
    fileprivate init(_ claims: ClaimReader) throws(ClaimDefect) {
        self.init(name: try claims.string("name"), agentCAs: try claims.trustSet("agentCAs"))
    }
}
