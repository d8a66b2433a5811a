internal import COpenSSL
import Vocabulary

/// One run of `X509_verify_cert` that goes on after each error, so that all of them are known at the end.
struct ChainVerification {
    /// One error of the library and the certificate it found it at.
    struct Finding: Hashable {
        let code: Int32
        let certificate: Certificate
    }

    let leaf: Certificate
    let intermediates: [Certificate]
    let anchors: [Certificate]
    let now: Timestamp

    init(leaf: Certificate, intermediates: [Certificate], anchors: [Certificate], at now: Timestamp) {
        self.leaf = leaf
        self.intermediates = intermediates
        self.anchors = anchors.filter(\.isCA)
        self.now = now
    }

    func findings(purpose: Int32) throws(CertificateFailure) -> [Finding] {
        let operation = "verify a chain"
        let store = try unsafe LibraryCall.owned(operation, freedBy: X509_STORE_free) { unsafe X509_STORE_new() }
        for anchor in anchors {
            // The store counts a reference of its own.
            try unsafe anchor.handle.withPointer { anchor throws(CertificateFailure) in
                try LibraryCall.succeeds(operation) { unsafe X509_STORE_add_cert(store.pointer, anchor) }
            }
        }
        // The stack only borrows; `intermediates` outlives it.
        let others = try unsafe LibraryCall.owned(operation, freedBy: shim_sk_X509_free) { unsafe shim_sk_X509_new() }
        for intermediate in intermediates {
            try unsafe intermediate.handle.withPointer { intermediate throws(CertificateFailure) in
                try LibraryCall.succeeds(operation) { unsafe shim_sk_X509_push(others.pointer, intermediate) }
            }
        }
        let run = try unsafe LibraryCall.owned(operation, freedBy: X509_STORE_CTX_free) { unsafe X509_STORE_CTX_new() }
        return try unsafe leaf.handleOnce.withPointer { leaf throws(CertificateFailure) in
            try LibraryCall.succeeds(operation) {
                unsafe X509_STORE_CTX_init(run.pointer, store.pointer, leaf, others.pointer)
            }
            try unsafe set(purpose: purpose, on: X509_STORE_CTX_get0_param(run.pointer))
            return try unsafe verify(run.pointer)
        }
    }

    private func set(purpose: Int32, on parameters: OpaquePointer?) throws(CertificateFailure) {
        let operation = "verify a chain"
        guard let parameters = unsafe parameters else { throw .library(operation: operation, reasons: []) }
        unsafe X509_VERIFY_PARAM_set_time(parameters, Int(now.seconds))
        // Level 2: 112 bits of security, that is RSA from 2048 bits and no SHA-1.
        unsafe X509_VERIFY_PARAM_set_auth_level(parameters, 2)
        try LibraryCall.succeeds(operation) {
            unsafe X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        }
        try LibraryCall.succeeds(operation) { unsafe X509_VERIFY_PARAM_set_purpose(parameters, purpose) }
    }

    private func verify(_ run: OpaquePointer) throws(CertificateFailure) -> [Finding] {
        var found: [(code: Int32, der: [UInt8])] = []
        ERR_clear_error()
        defer { ERR_clear_error() }
        // The callback runs inside X509_verify_cert only, so `found` outlives every use of the pointer.
        let verdict = unsafe withUnsafeMutablePointer(to: &found) { findings in
            unsafe X509_STORE_CTX_set_ex_data(run, 0, findings)
            unsafe X509_STORE_CTX_set_verify_cb(run, noteFinding)
            return unsafe X509_verify_cert(run)
        }
        if verdict < 0, found.isEmpty {
            throw .library(operation: "verify a chain", reasons: LibraryCall.drainedReasons())
        }
        let known = [leaf] + intermediates + anchors
        return found.map { finding in
            Finding(code: finding.code, certificate: known.first { $0.der == finding.der } ?? leaf)
        }
    }
}

/// Called by libcrypto for each certificate and each error; 1 means to go on.
private func noteFinding(_ isGood: Int32, _ run: OpaquePointer?) -> Int32 {
    guard isGood == 0, let run = unsafe run, let target = unsafe X509_STORE_CTX_get_ex_data(run, 0) else { return 1 }
    let findings = unsafe target.assumingMemoryBound(to: [(code: Int32, der: [UInt8])].self)
    var der: [UInt8] = []
    if let current = unsafe X509_STORE_CTX_get_current_cert(run) {
        der = (try? unsafe encoded("encode a certificate") { target in unsafe i2d_X509(current, target) }) ?? []
    }
    let code = unsafe X509_STORE_CTX_get_error(run)
    unsafe findings.pointee.append((code, der))
    return 1
}

extension ChainProblem {
    init(_ finding: ChainVerification.Finding) {
        let certificate = finding.certificate
        switch finding.code {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CERT_UNTRUSTED:
            self = .untrusted
        case X509_V_ERR_CERT_HAS_EXPIRED: self = .expired(certificate)
        case X509_V_ERR_CERT_NOT_YET_VALID: self = .notYetValid(certificate)
        case X509_V_ERR_CERT_SIGNATURE_FAILURE: self = .badSignature(certificate)
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK:
            self = .weakKey(certificate)
        case X509_V_ERR_PATH_LENGTH_EXCEEDED: self = .pathTooLong(certificate)
        case X509_V_ERR_INVALID_CA, X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
            self = .wrongPurpose(certificate, lacks: .certificateSigning)
        case X509_V_ERR_INVALID_PURPOSE: self = .wrongPurpose(certificate, lacks: .thisUse)
        default:
            self = unsafe .other(String(cString: X509_verify_cert_error_string(Int(finding.code))))
        }
    }
}
