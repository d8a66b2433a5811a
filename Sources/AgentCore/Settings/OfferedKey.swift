import Certificates
import Vocabulary

/// The private key of an offered certificate.
enum OfferedKey {
    /// - Parameters:
    ///   - pem: empty if the certificate is for a key that the agent has: its own, or an offered one that it holds.
    ///   - own: of this host.
    /// - Returns: the key to save with the certificate; `nil` when it is the host's own.
    static func read(
        _ pem: [UInt8], of certificate: Certificate, own: PublicKey?, held: LeafChain?
    ) throws(OfferRefusal) -> Secret? {
        guard certificate.publicKey != own else { return nil }
        guard !pem.isEmpty else {
            guard let key = held?.offeredKey, certificate.publicKey == held?.leaf.publicKey else {
                throw .certificateOfAnotherKey
            }
            return key
        }
        guard pem.count <= Limits.certificateBytes, let key = try? PrivateKey(clientPEM: Secret(pem)),
            key.publicKey == certificate.publicKey
        else { throw .badPrivateKey }
        return Secret(pem)
    }
}
