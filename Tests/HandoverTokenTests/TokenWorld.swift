import Certificates
import TestPKI
import TestValues
import Vocabulary

@testable import HandoverToken

/// Two peers, their authorities and one agent of the source, made anew for each test run.
struct TokenWorld: Sendable {
    static let shared = TokenWorld()

    let now = TestClock.start
    let sourceID = PeerID(repeating: 0xA1)
    let targetID = PeerID(repeating: 0xB2)
    let source: TestAuthority
    let target: TestAuthority
    let stranger: TestAuthority
    let leaf: Certificate

    private init() {
        do {
            (source, target) = (try TestAuthority("source CA"), try TestAuthority("target CA"))
            stranger = try TestAuthority("stranger CA")
            leaf = try source.agent().certificate
        } catch {
            preconditionFailure("the test authorities could not be made: \(error)")
        }
    }
}

extension TokenWorld {
    func claims(
        issuedAt: Timestamp? = nil, notBefore: Timestamp? = nil, expiresAt: Timestamp? = nil, audience: PeerID? = nil,
        displayName: String = "db-7 \u{1F418}", group: String? = "eu-west", configuration: String? = "base",
        capabilities: UInt64 = 0x2501, targetName: String = "eu-west", sourceName: String = "eu",
        endpoint: String = "wss://eu-west.example:4320/v1/opamp", headers: [HeaderField] = [],
        serverCAs: [Certificate]? = nil, epoch: Epoch = 3, probation: Duration = .seconds(300),
        purpose: HandoverClaims.Purpose = .handover
    ) throws -> HandoverClaims {
        HandoverClaims(
            id: .init(repeating: 0xC3), issuer: sourceID, audience: audience ?? targetID, issuedAt: issuedAt ?? now,
            notBefore: notBefore, expiresAt: expiresAt ?? (issuedAt ?? now) + .seconds(3600), leaf: leaf.fingerprint,
            agent: .init(
                row: .init(repeating: 0xD4), instanceUID: .init(repeating: 0xE5), displayName: displayName,
                capabilities: capabilities, group: group, configuration: configuration),
            target: .init(
                name: targetName, endpoint: try Endpoint(endpoint),
                serverCAs: try TrustSet(serverCAs ?? [target.certificate]),
                tokenSigners: try TrustSet([target.certificate]), headers: headers),
            source: .init(name: sourceName, agentCAs: try TrustSet([source.certificate])),
            epoch: epoch, probation: probation, purpose: purpose)
    }

    /// Both peers' rows as the target has them: the source, and another peer that is not involved.
    var signers: [TokenVerifier.KnownSigner] {
        [
            .init(certificate: source.certificate, owner: sourceID),
            .init(certificate: target.certificate, owner: .init(repeating: 0x77)),
        ]
    }

    func verify(
        _ text: String, at time: Timestamp? = nil, expected: Set<HandoverClaims.Purpose> = [.handover]
    ) throws(TokenRefusal) -> VerifiedToken {
        try TokenVerifier().verify(text, signers: signers, audience: targetID, at: time ?? now, expected: expected)
    }

    /// Signs any payload as the source would, whatever it says.
    func token(payload: JSON, header: JSON? = nil, signedBy authority: TestAuthority? = nil) throws -> String {
        try token(payload: Array(payload.description.utf8), header: header, signedBy: authority)
    }

    func token(payload: [UInt8], header: JSON? = nil, signedBy authority: TestAuthority? = nil) throws -> String {
        let header = header ?? self.header()
        return try token(payload: payload, header: Array(header.description.utf8), signedBy: authority)
    }

    func token(payload: [UInt8], header: [UInt8], signedBy authority: TestAuthority? = nil) throws -> String {
        let input = Base64URL.encode(header) + "." + Base64URL.encode(payload)
        let signature = try (authority ?? source).key.signature(for: Array(input.utf8))
        return TokenText.armoured(input + "." + Base64URL.encode(signature))
    }

    func header(_ changes: [(String, JSON?)] = []) -> JSON {
        JSON.members([
            "alg": .string("ES256"), "typ": .string("handover+jwt"),
            "x5t#S256": .string(source.certificate.fingerprint.x5tS256),
        ]).replacing(changes)
    }
}

extension JSON {
    /// The object with some members replaced, added, or, for `nil`, taken out.
    func replacing(_ changes: [(String, JSON?)]) -> JSON {
        changes.reduce(self) { object, change in
            var members = object.members ?? []
            let index = members.firstIndex { $0.name == change.0 }
            switch (index, change.1) {
            case (let index?, let value?): members[index] = .init(change.0, value)
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(.init(change.0, value))
            case (nil, nil): break
            }
            return .object(members)
        }
    }
}

/// Takes a token's text apart and puts it together again with a right checksum.
struct TokenParts {
    var parts: [String]

    init(_ text: String) { parts = text.split(separator: ".").map(String.init) }

    /// Header, payload or signature.
    subscript(_ index: Int) -> [UInt8] {
        get { Base64URL.decode(parts[index + 1]) ?? [] }
        set { parts[index + 1] = Base64URL.encode(newValue) }
    }

    var text: String { TokenText.armoured(parts[1...3].joined(separator: ".")) }
}

extension TokenWorld {
    func payload(of claims: HandoverClaims) -> JSON { claims.json }
}
