import Certificates
import Foundation
import HandoverToken
import OpAMPProto
import TestValues
import Vocabulary
import WireSamples

@testable import AgentCore
@testable import ClientTransport

/// Inputs as our own code and its peers write them. Bytes made by chance get further from there than from nothing.
enum Seeds {
    /// Writes those that are not there yet: a signature is another one each time.
    static func write(into folder: String) throws {
        for (parser, seeds) in try all() {
            let place = URL(filePath: folder).appending(path: parser.rawValue)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for (name, bytes) in seeds {
                let file = place.appending(path: name)
                if !FileManager.default.fileExists(atPath: file.path) { try Data(bytes).write(to: file) }
            }
        }
    }

    private static func all() throws -> [Parser: [String: [UInt8]]] {
        var maker = MessageMaker(seed: 1)
        let offers = try offers()
        return [
            .frame: [
                "message": FrameHeader.framed(try ServerToAgent.full.encoded()), "padded": [0x80, 0x00, 0x0A, 0x00],
            ],
            .agentMessage: [
                "full": try AgentToServer.full.encoded(), "some": try maker.agentToServer().encoded(),
                "more": try maker.agentToServer().encoded(),
            ],
            .serverMessage: [
                "full": try ServerToAgent.full.encoded(), "some": try maker.serverToAgent().encoded(),
                "more": try maker.serverToAgent().encoded(),
            ],
            .offer: try offers.mapValues { try ConnectionSettingsOffers(hash: [1], opamp: $0).encoded() }
                .merging(["standby": standby().encoded()]) { first, _ in first },
            .customMessage: [
                "standing": HandoverEpoch(3, handover: .init(repeating: 0xC3)).json,
                "signers": Array(FixedWorld.signers.pem.utf8),
                "statement": Array(try FixedWorld.authority.sign(statement()).utf8),
            ],
            .httpAnswer: texts(answers.mapValues { "\u{7}" + $0 }),
            .gzip: [
                "text": Gzip.compressed(Array(FixedWorld.leafPEM.utf8) + Array(repeating: 0x20, count: 2000)) ?? [],
                "zeros": Gzip.compressed(Array(repeating: 0, count: 100_000)) ?? [],
            ],
            .requestHeaders: texts([
                "trace": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "later-trace": "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                "epoch": HandoverEpoch(3, handover: .init(repeating: 0xC3)).headerText, "first": "0",
                "handover": HandoverID(repeating: 0xC3).description,
            ]),
            .requestBody: texts(bodies),
            .json: texts([
                "values": #"{"a":[1,-2,9223372036854775807,true,false,null,{}],"é😀":""}"#,
                "escapes": #"["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"]"#,
                "claims": try claims(.handover).text,
            ]),
            .proxyEnvironment: texts([
                "all": "http://user:pass%20word@proxy.example:3128/\n*",
                "list": "https://[2001:db8::1]:3129\nlocalhost,.example.com *.a.example:4320,10.0.0.0/8 [::1] fd00::/8",
            ]),
            .token: texts([
                "handover": try FixedWorld.authority.sign(claims(.handover)),
                "standby": try FixedWorld.authority.sign(claims(.standby)),
                "wrapped": try FixedWorld.authority.sign(claims(.handover)).map { "\($0)\n" }.joined(),
            ]),
            .claims: texts(["handover": try claims(.handover).text, "standby": try claims(.standby).text]),
            .state: ["full": try state().encoded],
        ]
    }

    private static func texts(_ texts: [String: String]) -> [String: [UInt8]] { texts.mapValues { Array($0.utf8) } }

    private static let target = "wss://target.example:4320/v1/opamp"

    private static func claims(_ purpose: HandoverClaims.Purpose) throws -> HandoverClaims {
        HandoverClaims(
            id: .init(repeating: 0xC3), issuer: FixedWorld.server, audience: .init(repeating: 0xB2),
            issuedAt: FixedWorld.now, expiresAt: FixedWorld.now + .seconds(3600),
            leaf: FixedWorld.leaf.leaf.fingerprint,
            agent: .init(
                row: .init(repeating: 0xD4), instanceUID: .init(repeating: 0xE5), displayName: "db-7 é",
                capabilities: 0x2501, group: "eu-west", configuration: "base"),
            target: .init(
                name: "eu-west", endpoint: try Endpoint(target),
                serverCAs: try TrustSet([FixedWorld.authority.certificate]), tokenSigners: FixedWorld.signers,
                headers: [HeaderField("X-Tenant", Secret("blue"))]),
            source: .init(name: "eu", agentCAs: try TrustSet([FixedWorld.authority.certificate])),
            epoch: 3, probation: .seconds(300), purpose: purpose)
    }

    private static func standby() throws -> ConnectionSettingsOffers {
        let grant = OtherConnectionSettings(
            destinationEndpoint: target, certificate: TLSCertificate(cert: Array(FixedWorld.leafPEM.utf8)),
            otherSettings: [StandbyGrant.tokenSetting: try FixedWorld.authority.sign(claims(.standby))],
            tls: TLSConnectionSettings(caPEMContents: FixedWorld.authorityPEM))
        return ConnectionSettingsOffers(hash: [2], otherConnections: [StandbyGrant.connection: grant])
    }

    private static func statement() throws -> TrustStatement {
        TrustStatement(
            issuer: FixedWorld.server, version: 2, serverCAs: try TrustSet([FixedWorld.authority.certificate]),
            agentCAs: try TrustSet([FixedWorld.authority.certificate]), tokenSigners: FixedWorld.signers,
            opampEndpoint: try Endpoint(target), issuedAt: FixedWorld.now)
    }

    private static func offers() throws -> [String: OpAMPConnectionSettings] {
        let ca = FixedWorld.authorityPEM
        let token = Header(
            key: MoveHeader.handoverToken, value: try FixedWorld.authority.sign(claims(.handover)))
        let leaf = TLSCertificate(cert: Array(FixedWorld.leafPEM.utf8))
        return [
            "full": ConnectionSettingsOffers.full.opamp ?? OpAMPConnectionSettings(),
            "handover": OpAMPConnectionSettings(
                destinationEndpoint: target,
                headers: Headers(headers: [Header(key: "X-Tenant", value: "blue"), token]), certificate: leaf,
                tls: TLSConnectionSettings(caPEMContents: ca)),
            "headers": OpAMPConnectionSettings(
                headers: Headers(headers: [Header(key: "Authorization", value: "Bearer x")]),
                heartbeatIntervalSeconds: 30),
            "leaf": OpAMPConnectionSettings(certificate: leaf),
            "proxy": OpAMPConnectionSettings(
                proxy: ProxyConnectionSettings(
                    url: "http://proxy.example:3128", connectHeaders: Headers(headers: [Header(key: "X-A", value: "b")])
                )),
            "tls": OpAMPConnectionSettings(
                tls: TLSConnectionSettings(
                    includeSystemCACertsPool: true, minVersion: "TLSv1.2", maxVersion: "1.3",
                    cipherSuites: ["TLS_AES_128_GCM_SHA256"])),
            "insecure": OpAMPConnectionSettings(
                destinationEndpoint: "ws://target.example/v1/opamp",
                tls: TLSConnectionSettings(insecureSkipVerify: true)),
        ]
    }

    private static let answers = [
        "plain": "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 5\r\n\r\nabcde",
        "chunked":
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n",
        "interim": "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "to-the-end": "HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\nAccept-Encoding: gzip\r\n\r\nabcde",
        "busy":
            "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nOpAMP-Handover-Cause: peer.disabled\r\nConnection: close\r\n\r\n",
        "dated": "HTTP/1.1 429 Many\r\nRetry-After: Sun, 06 Nov 2033 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
        "old-date": "HTTP/1.1 429 Many\r\nRetry-After: Sunday, 06-Nov-33 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
        "c-date": "HTTP/1.1 429 Many\r\nRetry-After: Sun Nov  6 08:49:37 2033\r\nContent-Length: 0\r\n\r\n",
    ]

    private static let bodies = [
        "notices":
            #"{"notices":[{"seq":1,"type":"arrived","epoch":3,"at":"2027-01-15T08:00:00Z","facts":{}}],"received":0}"#,
        "status":
            #"{"handover":"c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3","phase":"awaiting","epoch":3,"lastSequence":1,"later":null}"#,
        "redemption": #"{"redemption":"c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3","tokenSHA256":"00"}"#,
        "trust": #"{"statement":"a.b.c","pinned":null}"#,
        "token": #"{"name":"ops","role":"viewer","ttlSeconds":60}"#,
        "update": #"{"endpoint":"https://eu.example:4320","enabled":false}"#,
        "misspelled": #"{"name":"ops","role":"owner","tll":60}"#,
    ]
}
