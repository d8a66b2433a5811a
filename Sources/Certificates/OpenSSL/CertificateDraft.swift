internal import COpenSSL
import Vocabulary

/// A certificate before it is signed.
struct CertificateDraft {
    let profile: CertificateProfile
    let subject: String
    let publicKey: PublicKey
    let serial: [UInt8]
    let validity: Validity

    /// - Parameter issuer: `nil` for a certificate that signs itself.
    func signed(by issuer: Certificate?, key: PrivateKey) throws(CertificateFailure) -> Certificate {
        try KeyPolicy.p256.check(publicKey, of: .publicKey)
        guard (1...20).contains(serial.count), serial.contains(where: { $0 != 0 }) else { throw .invalidSerial }
        guard validity.isExpressible else { throw .invalidValidity }
        let names = try alternativeNames()

        let owner = try unsafe LibraryCall.owned("make a certificate", freedBy: X509_free) { unsafe X509_new() }
        let draft = unsafe owner.pointer
        // Version 3 is written as 2.
        try LibraryCall.succeeds("make a certificate") { unsafe X509_set_version(draft, 2) }
        try unsafe setSerial(of: draft)
        try unsafe setValidity(of: draft)
        try unsafe setCommonName(subject, of: X509_get_subject_name(draft))
        try unsafe publicKey.handle.withPointer { key throws(CertificateFailure) in
            try LibraryCall.succeeds("set a public key") { unsafe X509_set_pubkey(draft, key) }
        }
        if let issuer {
            try unsafe issuer.handle.withPointer { issuer throws(CertificateFailure) in
                try unsafe setIssuer(issuer, of: draft)
            }
        } else {
            try unsafe setIssuer(draft, of: draft)
        }
        if !names.isEmpty { try unsafe names.add(to: draft) }
        try unsafe key.handle.withPointer { key throws(CertificateFailure) in
            try LibraryCall.succeeds("sign a certificate") { unsafe X509_sign(draft, key, EVP_sha256()) }
        }
        return try Certificate(der: unsafe encoded("encode a certificate") { target in unsafe i2d_X509(draft, target) })
    }

    private func setIssuer(_ issuer: OpaquePointer, of draft: OpaquePointer) throws(CertificateFailure) {
        try LibraryCall.succeeds("name the issuer") {
            unsafe X509_set_issuer_name(draft, X509_get_subject_name(issuer))
        }
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, issuer, draft, nil, nil, 0)
        for (kind, value) in profile.extensions {
            let made = try unsafe LibraryCall.owned("make an extension", freedBy: X509_EXTENSION_free) {
                unsafe X509V3_EXT_conf_nid(nil, &context, kind, value)
            }
            try LibraryCall.succeeds("add an extension") { unsafe X509_add_ext(draft, made.pointer, -1) }
        }
    }

    private func setSerial(of draft: OpaquePointer) throws(CertificateFailure) {
        let number = try unsafe LibraryCall.owned("set a serial number", freedBy: BN_free) {
            unsafe BN_bin2bn(serial, Int32(serial.count), nil)
        }
        try LibraryCall.succeeds("set a serial number") {
            unsafe BN_to_ASN1_INTEGER(number.pointer, X509_get_serialNumber(draft)) == nil ? 0 : 1
        }
    }

    private func setValidity(of draft: OpaquePointer) throws(CertificateFailure) {
        try LibraryCall.succeeds("set a validity") {
            unsafe ASN1_TIME_set(X509_getm_notBefore(draft), Int(validity.notBefore.seconds)) == nil ? 0 : 1
        }
        try LibraryCall.succeeds("set a validity") {
            unsafe ASN1_TIME_set(X509_getm_notAfter(draft), Int(validity.notAfter.seconds)) == nil ? 0 : 1
        }
    }

    private func alternativeNames() throws(CertificateFailure) -> AlternativeNames {
        var names = AlternativeNames()
        switch profile {
        case .authority: break
        case .agentLeaf(let id): names.uris = [HandoverURN.agent(id)]
        case .federation(let id): names.uris = [HandoverURN.peer(id)]
        case .listener(let texts):
            guard !texts.isEmpty else { throw .invalidName("") }
            for text in texts {
                if let address = IPAddress(text) {
                    names.addresses.append(address)
                } else if let name = HostName(pattern: text) {
                    names.dns.append(name.description)
                } else {
                    throw .invalidName(text)
                }
            }
        }
        return names
    }
}

extension CertificateProfile {
    /// The extensions in OpenSSL's own notation. No text from outside ever stands in it.
    fileprivate var extensions: [(kind: Int32, value: String)] {
        let identifiers = [(NID_subject_key_identifier, "hash"), (NID_authority_key_identifier, "keyid:always")]
        let leaf = [(NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature")]
        switch self {
        case .authority:
            return [
                (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"),
                (NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign"),
            ] + identifiers
        case .agentLeaf, .federation: return leaf + [(NID_ext_key_usage, "clientAuth")] + identifiers
        case .listener: return leaf + [(NID_ext_key_usage, "serverAuth")] + identifiers
        }
    }
}

extension Validity {
    /// Whole seconds that end after they begin, with years of four digits.
    fileprivate var isExpressible: Bool {
        let years = -62_167_219_200...Int64(253_402_300_799)
        return notBefore.seconds < notAfter.seconds && years.contains(notBefore.seconds)
            && years.contains(notAfter.seconds)
    }
}

extension AlternativeNames {
    fileprivate func add(to draft: OpaquePointer) throws(CertificateFailure) {
        let list = try unsafe LibraryCall.owned("name a certificate", freedBy: shim_GENERAL_NAMES_free) {
            unsafe shim_GENERAL_NAMES_new()
        }
        let entries =
            dns.map { (GEN_DNS, Array($0.utf8)) } + addresses.map { (GEN_IPADD, $0.bytes) }
            + uris.map { (GEN_URI, Array($0.utf8)) }
        for (type, bytes) in entries {
            try LibraryCall.succeeds("name a certificate") {
                unsafe shim_GENERAL_NAMES_append(list.pointer, type, bytes, Int32(bytes.count))
            }
        }
        try LibraryCall.succeeds("name a certificate") {
            unsafe X509_add1_ext_i2d(draft, NID_subject_alt_name, UnsafeMutableRawPointer(list.pointer), 0, 0)
        }
    }
}

/// Makes a name of one common name, UTF-8.
func setCommonName(_ text: String, of name: OpaquePointer?) throws(CertificateFailure) {
    guard (1...64).contains(text.unicodeScalars.count),
        !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { throw .invalidSubject }
    let bytes = Array(text.utf8)
    try LibraryCall.succeeds("set a subject") {
        unsafe X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0)
    }
}
