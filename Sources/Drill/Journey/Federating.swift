import OperatorClient
import ServerAPI
import Vocabulary

/// Steps 1 to 3 of "Federate two clusters".
extension TwoRegions {
    func federate(_ notes: StepNotes) async throws {
        try await federate(eu, us, notes)
        let times = [try await ping(from: eu, to: us, notes), try await ping(from: us, to: eu, notes)]
        notes.say("ping " + times.joined(separator: ", "))
    }

    func federate(_ one: ServerProcess, _ other: ServerProcess, _ notes: StepNotes) async throws {
        let ownCertificate = try await certificate(of: one, notes)
        let otherCertificate = try await certificate(of: other, notes)
        let secrets = try await addPeer(on: one, other, certificate: otherCertificate, notes)
        try await addPeer(on: other, one, certificate: ownCertificate, swapping: secrets, notes)
    }

    /// The one that the server's peers know it by, if it has peers: another one would cut it off from them until they
    /// have pasted that.
    private func certificate(of server: ServerProcess, _ notes: StepNotes) async throws -> String {
        let issued = try await server.api.list(OperatorRoutes.federationCertificates())
        if let present = issued.first(where: \.inUse) { return present.pem }
        return try await issueCertificate(on: server, notes)
    }

    /// Each side makes a certificate for this peer, as the document says, whatever it has shown to others.
    func federateAnew(_ one: ServerProcess, _ other: ServerProcess, _ notes: StepNotes) async throws {
        let ownCertificate = try await issueCertificate(on: one, notes)
        let otherCertificate = try await issueCertificate(on: other, notes)
        let secrets = try await addPeer(on: one, other, certificate: otherCertificate, notes)
        try await addPeer(on: other, one, certificate: ownCertificate, swapping: secrets, notes)
    }

    /// Step 1. The subject is free text; the private key stays where it was made.
    ///
    /// - Parameter listenerAuthorities: how many CAs above the listener are shown beside the server's own.
    func issueCertificate(on server: ServerProcess, listenerAuthorities: Int = 0, _ notes: StepNotes) async throws
        -> String
    {
        let subject = "ampora-\(server.label.lowercased())"
        let issued = try await server.api.call(
            OperatorRoutes.issueFederationCertificate(),
            sending: FederationCertificateRequest(subject: subject, validityDays: 90))
        try notes.expect("the subject", issued.subject.contains(subject), seen: issued.subject)
        try notes.expect(
            "the certificate, its CA and the listener's are shown, and no key",
            issued.pem.components(of: "BEGIN CERTIFICATE") == 2 + listenerAuthorities
                && !issued.pem.contains("PRIVATE"),
            seen: "\(issued.pem.components(of: "BEGIN CERTIFICATE")) certificates")
        let days = Int((issued.notAfter - issued.notBefore) / .seconds(86_400))
        try notes.expect("it is valid for 90 days", days == 90, seen: "\(days) days")
        notes.fact("\(subject) certificate", issued.fingerprint)
        notes.say("\(subject), 90 days, sha256 \("\(issued.fingerprint)".prefix(12))")
        return issued.pem
    }

    /// The two plain texts that are shown once, by the side that generated them.
    struct PeerSecrets: Sendable {
        var inbound: Secret
        var outbound: Secret
    }

    /// Step 2 on the side that generates.
    func addPeer(
        on server: ServerProcess, _ peer: ServerProcess, certificate: String, _ notes: StepNotes
    ) async throws -> PeerSecrets {
        let paste = try await server.api.call(
            OperatorRoutes.inspectPeerPaste(), sending: PeerPasteText(certificatePEM: certificate))
        try notes.expect("the pasted peerId", paste.peerID, is: try await peerID(of: peer))
        notes.fact("CA to confirm", paste.authorities.first.map { "\($0.fingerprint)" } ?? "none")
        try await server.api.call(
            OperatorRoutes.createPeer(),
            sending: PeerCreation(name: peer.name, endpoint: peer.entrance, certificatePEM: certificate))
        let secrets = PeerSecrets(
            inbound: try await generate(.inbound, for: peer, on: server, notes),
            outbound: try await generate(.outbound, for: peer, on: server, notes))
        run.observations.federationSecrets += [
            (peer.name, server.name, secrets.inbound), (server.name, peer.name, secrets.outbound),
        ]
        notes.say("two secrets shown once; CA \(paste.authorities.first.map { "\($0.fingerprint)".prefix(12) } ?? "-")")
        return secrets
    }

    /// Step 2 on the other side: what is outbound there is inbound here.
    func addPeer(
        on server: ServerProcess, _ peer: ServerProcess, certificate: String, swapping secrets: PeerSecrets,
        _ notes: StepNotes
    ) async throws {
        let created = try await server.api.call(
            OperatorRoutes.createPeer(),
            sending: PeerCreation(
                name: peer.name, endpoint: peer.entrance, certificatePEM: certificate,
                inboundSecret: secrets.outbound.revealText(), outboundSecret: secrets.inbound.revealText()))
        try notes.expect(
            "both secrets are saved on \(server.label)", created.hasInboundSecret && created.hasOutboundSecret,
            seen: "inbound \(created.hasInboundSecret), outbound \(created.hasOutboundSecret)")
        notes.say("the same two secrets, swapped")
    }

    private func generate(
        _ direction: SecretDirection, for peer: ServerProcess, on server: ServerProcess, _ notes: StepNotes
    )
        async throws -> Secret
    {
        let created = try await server.api.call(
            OperatorRoutes.generatePeerSecret(peer.name),
            sending: PeerSecretRequest(direction: direction))
        let secret = Secret(created.text)
        try notes.expect(
            "the \(direction.rawValue) secret is 32 random bytes behind its prefix",
            created.text.hasPrefix("opamp-fs.") && Base64URL.decode(String(created.text.dropFirst(9)))?.count == 32,
            seen: "\(created.text.count) characters")
        run.world.canaries.add("\(direction.rawValue) secret of \(peer.name) on \(server.label)", secret)
        return secret
    }

    /// Step 3.
    @discardableResult
    func ping(from server: ServerProcess, to peer: ServerProcess, _ notes: StepNotes) async throws -> String {
        let result = try await server.ping(peer.name)
        try notes.expect(
            "\(server.label) reads \"200 OK · NN ms\" from \(peer.label)",
            result.ok && result.text.hasPrefix("200 OK · ") && result.text.hasSuffix(" ms"), seen: result.text)
        try notes.expect("the answer's peerId", result.answer?.peerID, is: try await peerID(of: peer))
        notes.fact("\(server.label) pings \(peer.label)", result.text)
        notes.say(result.text)
        return result.text
    }
}

extension String {
    func components(of needle: String) -> Int { ranges(of: needle).count }
}
