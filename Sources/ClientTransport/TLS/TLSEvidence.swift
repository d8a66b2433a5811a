internal import COpenSSL
import Vocabulary

/// What was decided about the server's certificate.
enum ServerVerification: Hashable {
    case notReached, passed
    /// An X509_V_ERR number.
    case failed(Int32)

    /// Why the server is not the one that was meant.
    var failure: (cause: MoveCause, words: String)? {
        guard case .failed(let code) = self else { return nil }
        let cause: MoveCause =
            switch code {
            case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .tlsName
            case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID: .tlsExpired
            default: .tlsUntrusted
            }
        return (cause, "the server's certificate was refused: \(verificationWords(code))")
    }
}

/// - Parameter code: an X509_V_ERR number.
func verificationWords(_ code: Int32) -> String {
    unsafe X509_verify_cert_error_string(Int(code)).map { unsafe String(cString: $0) } ?? "error \(code)"
}

/// A fatal alert that the server sent (RFC 8446 section 6).
struct TLSAlert: Hashable {
    let code: Int32

    /// It speaks about the certificate that we showed, or did not show.
    var isAboutOurCertificate: Bool { Self.aboutCertificates.contains(code) }

    var words: String { Self.names[code] ?? "alert \(code)" }

    static let closeNotify: Int32 = 0
    static let handshakeFailure: Int32 = 40

    private static let aboutCertificates: Set<Int32> = [41, 42, 43, 44, 45, 46, 48, 49, 51, 116]

    /// OpenSSL 3.0 has no name for 116.
    private static let names: [Int32: String] = [
        10: "unexpected message", 20: "bad record MAC", 40: "handshake failure", 41: "no certificate",
        42: "bad certificate", 43: "unsupported certificate", 44: "certificate revoked", 45: "certificate expired",
        46: "certificate unknown", 47: "illegal parameter", 48: "unknown CA", 49: "access denied",
        50: "decode error", 51: "decrypt error", 70: "protocol version", 71: "insufficient security",
        80: "internal error", 86: "inappropriate fallback", 112: "unrecognized name",
        116: "certificate required", 120: "no application protocol",
    ]
}

/// OpenSSL's own reason for giving up.
struct TLSError: Hashable {
    let code: UInt

    /// The alert of the other side that this is, if it is one.
    var peerAlert: TLSAlert? {
        let alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET
        return (1...255).contains(alert) ? TLSAlert(code: alert) : nil
    }

    var isUnexpectedEnd: Bool { ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING }

    var words: String { unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) } ?? "TLS error" }
}

/// As OpenSSL writes it: `TLSv1.3`.
func tlsVersion(of ssl: OpaquePointer) -> String {
    unsafe SSL_get_version(ssl).map { unsafe String(cString: $0) } ?? ""
}
