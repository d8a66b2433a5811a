internal import CHTTPParser
import HostSystem
import Vocabulary

/// Reads one HTTP/1 answer from bytes as they come. Interim answers before it (RFC 9110 section 15.2), chunk extensions and
/// trailers are passed over.
///
/// Safe because http-parser has a pointer to this object only while `read` or `end` runs.
@safe final class AnswerParser {
    /// Longer values of the fields read here mean nothing.
    private static let valueLimit = 512

    private(set) var head: AnswerHead?
    private(set) var body: [UInt8] = []
    private(set) var isComplete = false
    /// The server takes another request over the same connection, and has said nothing beyond this answer.
    private(set) var keepsConnection = false
    /// How the answer breaks HTTP.
    private(set) var nonsense: String?
    private(set) var isTooLong = false

    private let limit: Int
    private var parser = unsafe http_parser()
    private var fields: [String: String] = [:]
    private var name: [UInt8] = []
    private var value: [UInt8] = []
    private var isInValue = false

    /// - Parameter limit: the largest body, in bytes.
    init(limit: Int) {
        self.limit = limit
        unsafe http_parser_init(&parser, HTTP_RESPONSE)
    }

    func read(_ bytes: UnsafeRawBufferPointer) {
        // No bytes would be the end.
        guard unsafe !bytes.isEmpty else { return }
        unsafe parse(bytes)
    }

    /// Nothing more comes: the end of a body whose length was not said, or an answer that was cut off.
    func end() {
        unsafe parse(UnsafeRawBufferPointer(start: nil, count: 0))
        if !isComplete { nonsense = "cut off" }
    }

    private func parse(_ bytes: UnsafeRawBufferPointer) {
        guard nonsense == nil, !isTooLong, !isComplete else { return }
        unsafe parser.data = Unmanaged.passUnretained(self).toOpaque()
        let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        let count = unsafe http_parser_execute(&parser, parserCallbacks, start, bytes.count)
        unsafe parser.data = nil
        if isComplete {
            if count < bytes.count { keepsConnection = false }
        } else if unsafe shim_http_is_failed(&parser) != 0, !isTooLong {
            nonsense = unsafe shim_http_problem(&parser).map { unsafe String(cString: $0) } ?? "no HTTP"
        }
    }

    // MARK: - What http-parser calls

    fileprivate func takeName(_ bytes: UnsafeRawBufferPointer) {
        if isInValue { endField() }
        unsafe append(bytes, to: &name)
    }

    fileprivate func takeValue(_ bytes: UnsafeRawBufferPointer) {
        isInValue = true
        unsafe append(bytes, to: &value)
    }

    private func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        unsafe text.append(contentsOf: bytes.prefix(max(0, Self.valueLimit + 1 - text.count)))
    }

    /// Of several fields of one name the first counts.
    private func endField() {
        defer { (name, value, isInValue) = ([], [], false) }
        guard head == nil, value.count <= Self.valueLimit else { return }
        let name = String(decoding: name, as: UTF8.self).lowercased()
        if fields[name] == nil { fields[name] = AnswerHead.text(of: value) }
    }

    /// - Parameter length: `nil` when it was not said.
    /// - Returns: whether a body can follow (RFC 9112 section 6.3), whatever the fields say.
    fileprivate func endHead(status: Int, length: UInt64?) -> Bool {
        endField()
        defer { fields = [:] }
        guard !Self.isInterim(status) else { return false }
        head = AnswerHead(
            status: status,
            retryAfter: fields["retry-after"].flatMap { Duration(retryAfter: $0, at: WallClock.now()) },
            handoverCause: fields["opamp-handover-cause"], handoverNext: fields["opamp-handover-next"],
            contentType: fields["content-type"],
            contentLength: length.map { Int(clamping: $0) },
            contentEncoding: fields["content-encoding"]?.lowercased(),
            acceptEncoding: fields["accept-encoding"]?.lowercased())
        return status != 204 && status != 304
    }

    /// 101 is none: nobody has asked for another protocol.
    private static func isInterim(_ status: Int) -> Bool { (100...199).contains(status) && status != 101 }

    /// - Returns: whether to go on.
    fileprivate func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        isTooLong = body.count + bytes.count > limit
        if !isTooLong { unsafe body.append(contentsOf: bytes) }
        return !isTooLong
    }

    /// - Returns: whether this was the answer.
    fileprivate func endAnswer(keepsConnection: Bool) -> Bool {
        guard head != nil else { return false }
        self.keepsConnection = keepsConnection
        isComplete = true
        return true
    }
}

private func owner(_ parser: UnsafeMutablePointer<http_parser>?) -> AnswerParser? {
    unsafe (parser?.pointee.data).map { unsafe Unmanaged<AnswerParser>.fromOpaque($0).takeUnretainedValue() }
}

/// Made once and never freed; it knows nothing of any answer.
private nonisolated(unsafe) let parserCallbacks: UnsafePointer<http_parser_settings> = {
    let callbacks = UnsafeMutablePointer<http_parser_settings>.allocate(capacity: 1)
    unsafe http_parser_settings_init(callbacks)
    unsafe callbacks.pointee.on_header_field = { parser, text, count in
        unsafe owner(parser)?.takeName(UnsafeRawBufferPointer(start: text, count: count))
        return 0
    }
    unsafe callbacks.pointee.on_header_value = { parser, text, count in
        unsafe owner(parser)?.takeValue(UnsafeRawBufferPointer(start: text, count: count))
        return 0
    }
    unsafe callbacks.pointee.on_headers_complete = { parser in
        guard let parser = unsafe parser else { return -1 }
        let length = unsafe parser.pointee.content_length
        let hasBody = unsafe owner(parser)?.endHead(
            status: Int(shim_http_status(parser)), length: length == UInt64.max ? nil : length)
        return hasBody == true ? 0 : 1
    }
    unsafe callbacks.pointee.on_body = { parser, bytes, count in
        unsafe owner(parser)?.takeBody(UnsafeRawBufferPointer(start: bytes, count: count)) == true ? 0 : 1
    }
    unsafe callbacks.pointee.on_message_complete = { parser in
        guard let parser = unsafe parser, let owner = unsafe owner(parser) else { return -1 }
        let isLast = owner.endAnswer(keepsConnection: unsafe http_should_keep_alive(parser) != 0)
        // What follows belongs to no answer.
        if isLast { unsafe http_parser_pause(parser, 1) }
        return 0
    }
    return unsafe UnsafePointer(callbacks)
}()
