internal import COpenSSL

extension Certificate {
    /// Whether names and key identifiers name the other one as the issuer, and its key made the signature.
    func isIssued(by issuer: Certificate) -> Bool {
        unsafe handle.withPointer { certificate in
            unsafe issuer.handle.withPointer { issuing in
                ERR_clear_error()
                defer { ERR_clear_error() }
                return unsafe X509_check_issued(issuing, certificate) == X509_V_OK
                    && X509_verify(certificate, X509_get0_pubkey(issuing)) == 1
            }
        }
    }
}
