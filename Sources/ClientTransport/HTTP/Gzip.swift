internal import CZlib

/// Bodies in the content coding gzip (RFC 1952).
enum Gzip {
    enum Problem: Error {
        case notGzip
        /// What comes out is longer than the limit; the rest was not read.
        case tooLong
    }

    /// A shorter body is not worth the work.
    static let threshold = 1024

    /// - Returns: `nil` when it would not become shorter.
    static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = unsafe z_stream()
        guard unsafe shim_gzip_write_begin(&stream) == Z_OK else { return nil }
        defer { unsafe deflateEnd(&stream) }
        let output = unsafe [UInt8](unsafeUninitializedCapacity: bytes.count) { output, count in
            let isWritten = unsafe bytes.withUnsafeBytes { input in
                unsafe stream.feed(input)
                unsafe stream.offer(UnsafeMutableRawBufferPointer(output))
                return unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END
            }
            count = unsafe isWritten ? output.count - Int(stream.avail_out) : 0
        }
        return output.isEmpty ? nil : output
    }

    /// - Parameter limit: of what comes out, in bytes.
    static func decompressed(_ bytes: [UInt8], limit: Int) throws(Problem) -> [UInt8] {
        var stream = unsafe z_stream()
        guard unsafe shim_gzip_read_begin(&stream) == Z_OK else { throw .notGzip }
        defer { unsafe inflateEnd(&stream) }
        var output: [UInt8] = []
        let problem: Problem? = unsafe bytes.withUnsafeBytes { input in
            unsafe stream.feed(input)
            return unsafe withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 1) { piece in
                while true {
                    unsafe stream.offer(piece)
                    let result = unsafe inflate(&stream, Z_NO_FLUSH)
                    unsafe output.append(contentsOf: piece.dropLast(Int(stream.avail_out)))
                    guard output.count <= limit else { return .tooLong }
                    switch result {
                    case Z_OK: continue
                    case Z_STREAM_END where unsafe stream.avail_in == 0: return nil
                    // Several members may follow one another.
                    case Z_STREAM_END where unsafe inflateReset(&stream) == Z_OK: continue
                    // Z_BUF_ERROR: cut off.
                    default: return .notGzip
                    }
                }
            }
        }
        if let problem { throw problem }
        return output
    }
}

extension z_stream {
    fileprivate mutating func feed(_ input: UnsafeRawBufferPointer) {
        unsafe next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: UInt8.self)
        unsafe avail_in = UInt32(clamping: input.count)
    }

    fileprivate mutating func offer(_ output: UnsafeMutableRawBufferPointer) {
        unsafe next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe avail_out = UInt32(clamping: output.count)
    }
}
