internal import COpenSSL

/// The bytes of an ASN1_STRING of any kind.
func stringBytes(_ string: UnsafePointer<ASN1_STRING>) -> [UInt8] {
    guard let start = unsafe ASN1_STRING_get0_data(string) else { return [] }
    return unsafe Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(string))))
}

/// A name on one line, in the order and with the escapes of RFC 2253; UTF-8 stays readable.
func nameText(_ name: OpaquePointer?) -> String {
    guard let name = unsafe name, let text = unsafe BIO_new(BIO_s_mem()) else { return "" }
    defer { unsafe BIO_free(text) }
    ERR_clear_error()
    defer { ERR_clear_error() }
    guard unsafe X509_NAME_print_ex(text, name, 0, shim_name_flags()) >= 0 else { return "" }
    var start: UnsafePointer<UInt8>?
    let count = unsafe shim_BIO_get_mem_data(text, &start)
    guard count > 0, let start = unsafe start else { return "" }
    return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
}
