internal import COpenSSL

/// ECDSA with SHA-256 and nothing around it: what a signed token cannot be cheaper than.
public struct BareSignature: Sendable {
    private let identity: BareIdentity

    public init(_ identity: BareIdentity) { self.identity = identity }

    /// DER.
    public func sign(_ message: [UInt8]) throws(BareFailure) -> [UInt8] {
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        var count = 80
        var signature = [UInt8](repeating: 0, count: count)
        guard unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, identity.key) == 1,
            unsafe EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        else { throw .tls("a signature failed") }
        return Array(signature.prefix(count))
    }

    public func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        return unsafe EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, identity.key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
