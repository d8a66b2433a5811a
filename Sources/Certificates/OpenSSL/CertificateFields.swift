internal import COpenSSL
import Vocabulary

/// Reads the fields of one X509 that its owner keeps alive meanwhile.
@safe struct CertificateFields: ~Copyable {
    private let pointer: OpaquePointer

    init(borrowing pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
    }

    var subject: String { unsafe nameText(X509_get_subject_name(pointer)) }
    var issuer: String { unsafe nameText(X509_get_issuer_name(pointer)) }

    var serialNumber: String {
        guard let serial = unsafe X509_get0_serialNumber(pointer) else { return "" }
        let sign = unsafe ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER ? "-" : ""
        return unsafe sign + Hex.encode(stringBytes(serial))
    }

    var notBefore: Timestamp? { unsafe timestamp(X509_get0_notBefore(pointer)) }
    var notAfter: Timestamp? { unsafe timestamp(X509_get0_notAfter(pointer)) }

    /// Whether libcrypto could read every extension it knows.
    var hasValidExtensions: Bool { unsafe X509_get_extension_flags(pointer) & UInt32(EXFLAG_INVALID) == 0 }

    /// `CA:TRUE` in basicConstraints; version 1 certificates and other historical forms do not count.
    var isCA: Bool { unsafe X509_check_ca(pointer) == 1 }

    /// `nil` if the certificate does not say; then RFC 5280 allows every use.
    var keyUsage: UInt32? { unsafe stated(X509_get_key_usage(pointer)) }
    var extendedKeyUsage: UInt32? { unsafe stated(X509_get_extended_key_usage(pointer)) }

    /// Subject alternative names by type; `nil` if the extension is there and cannot be read.
    func alternativeNames() -> AlternativeNames? {
        var critical: Int32 = 0
        guard let found = unsafe X509_get_ext_d2i(pointer, NID_subject_alt_name, &critical, nil) else {
            ERR_clear_error()
            // -1 means that there is none.
            return critical == -1 ? AlternativeNames() : nil
        }
        let list = OpaquePointer(found)
        defer { unsafe shim_GENERAL_NAMES_free(list) }
        var names = AlternativeNames()
        for index in 0..<(unsafe shim_GENERAL_NAMES_count(list)) {
            var type: Int32 = 0
            guard let name = unsafe shim_GENERAL_NAMES_at(list, index),
                let value = unsafe GENERAL_NAME_get0_value(name, &type)
            else { return nil }
            // Of the types below the value is an ASN1_STRING; of others it is not looked at.
            let string = unsafe value.assumingMemoryBound(to: ASN1_STRING.self)
            switch type {
            case GEN_DNS, GEN_URI:
                let bytes = unsafe stringBytes(string)
                // A name with a zero byte, a space or a control character has fooled verifiers before.
                guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
                let text = String(decoding: bytes, as: UTF8.self)
                if type == GEN_DNS { names.dns.append(text) } else { names.uris.append(text) }
            case GEN_IPADD:
                guard let address = unsafe IPAddress(bytes: stringBytes(string)) else { return nil }
                names.addresses.append(address)
            default:
                names.others += 1
            }
        }
        return names
    }

    /// The library says "all bits" where the extension is absent.
    private func stated(_ bits: UInt32) -> UInt32? { bits == .max ? nil : bits }

    private func timestamp(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp? {
        guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { return nil }
        defer { unsafe ASN1_TIME_free(epoch) }
        var (days, seconds): (Int32, Int32) = (0, 0)
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let time = unsafe time, unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
        return Timestamp(seconds: Int64(days) * 86_400 + Int64(seconds))
    }
}

/// The subject alternative names of one certificate.
struct AlternativeNames {
    var dns: [String] = []
    var addresses: [IPAddress] = []
    var uris: [String] = []
    /// How many there are of types that nothing here reads.
    var others = 0

    var isEmpty: Bool { dns.isEmpty && addresses.isEmpty && uris.isEmpty && others == 0 }
}
