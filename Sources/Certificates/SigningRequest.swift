internal import COpenSSL
import Vocabulary

/// A PKCS#10 request (RFC 2986). Only its public key means anything: who the certificate names is the issuer's choice.
public struct SigningRequest: Hashable, Sendable {
    public let pem: String
    public let publicKey: PublicKey

    /// - Parameter subject: becomes the common name; 1 to 64 characters.
    public init(key: PrivateKey, subject: String) throws(CertificateFailure) {
        let request = try unsafe LibraryCall.owned("make a request", freedBy: X509_REQ_free) { unsafe X509_REQ_new() }
        try unsafe setCommonName(subject, of: X509_REQ_get_subject_name(request.pointer))
        let digest = unsafe key.publicKey.algorithm == .ed25519 ? nil : EVP_sha256()
        try unsafe key.handle.withPointer { key throws(CertificateFailure) in
            try LibraryCall.succeeds("make a request") { unsafe X509_REQ_set_version(request.pointer, 0) }
            try LibraryCall.succeeds("make a request") { unsafe X509_REQ_set_pubkey(request.pointer, key) }
            try LibraryCall.succeeds("sign a request") {
                // Ed25519 has its digest built in.
                unsafe X509_REQ_sign(request.pointer, key, digest)
            }
        }
        let der = try unsafe encoded("encode a request") { target in unsafe i2d_X509_REQ(request.pointer, target) }
        pem = PEM.text(of: der, label: PEM.signingRequest)
        publicKey = key.publicKey
    }

    /// - Throws: `CertificateFailure.requestNotSigned` when the sender did not hold the private key.
    public init(pem: String) throws(CertificateFailure) {
        let der = try PEM.blocks(of: pem, .signingRequest, atMost: 1)[0].bytes
        guard der.count <= Limits.certificateBytes else {
            throw .unreadable(.signingRequest, reasons: ["longer than \(Limits.certificateBytes) bytes"])
        }
        let request = try unsafe Owned(
            takingOwnership: decoded(der, as: .signingRequest, freedBy: X509_REQ_free) { cursor, count in
                unsafe d2i_X509_REQ(nil, cursor, count)
            },
            freedBy: X509_REQ_free)
        guard let key = unsafe X509_REQ_get_pubkey(request.pointer) else {
            throw .unreadable(.signingRequest, reasons: LibraryCall.drainedReasons())
        }
        let handle = unsafe KeyHandle(takingOwnership: key)
        let publicKey = try PublicKey(handle: handle)
        try KeyPolicy.p256.check(publicKey, of: .signingRequest)
        ERR_clear_error()
        guard unsafe handle.withPointer({ key in unsafe X509_REQ_verify(request.pointer, key) == 1 }) else {
            ERR_clear_error()
            throw .requestNotSigned
        }
        self.pem = PEM.text(of: der, label: PEM.signingRequest)
        self.publicKey = publicKey
    }
}
