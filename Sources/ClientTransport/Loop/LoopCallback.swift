internal import CWebSockets
import HostSystem
import Vocabulary

/// The only function that libwebsockets calls: it finds the link, converts the arguments, forwards, and decides
/// nothing. A result other than 0 closes the connection.
func loopCallback(
    _ wsi: OpaquePointer?, _ reason: lws_callback_reasons, _ user: UnsafeMutableRawPointer?,
    _ input: UnsafeMutableRawPointer?, _ length: Int
) -> Int32 {
    // Other reasons come with a wsi that is not ours, or is none.
    guard linkReasons.contains(reason.rawValue), let wsi = unsafe wsi,
        let own = unsafe lws_get_opaque_user_data(wsi)
    else { return 0 }
    // Kept alive by the loop's table until after WSI_DESTROY.
    let link = unsafe Unmanaged<Link>.fromOpaque(own).takeUnretainedValue()
    switch reason {
    case LWS_CALLBACK_WSI_CREATE: unsafe link.wsiCreated(wsi)
    case LWS_CALLBACK_WSI_DESTROY: link.wsiDestroyed()
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: link.evidence.libraryReason = unsafe text(input, length)
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        unsafe append(link.headerText, to: input, limit: length, wsi, link)
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP: return link.answered(unsafe answerHead(wsi)) ? 0 : -1
    case LWS_CALLBACK_CLIENT_ESTABLISHED: link.opened()
    case LWS_CALLBACK_CLIENT_RECEIVE: return link.received(unsafe webSocketPiece(wsi, input, length)) ? 0 : -1
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG: link.heard()
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: link.peerCloses(unsafe bytes(input, length))
    case LWS_CALLBACK_CLIENT_WRITEABLE, LWS_CALLBACK_CLIENT_HTTP_WRITEABLE: return link.mayWrite() ? 0 : -1
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP: return unsafe readBody(wsi)
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        return link.received(ReceivedPiece(bytes: unsafe bytes(input, length))) ? 0 : -1
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP: link.completed()
    default: break
    }
    return 0
}

private let linkReasons: Set<UInt32> = [
    LWS_CALLBACK_WSI_CREATE.rawValue, LWS_CALLBACK_WSI_DESTROY.rawValue,
    LWS_CALLBACK_CLIENT_CONNECTION_ERROR.rawValue, LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER.rawValue,
    LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP.rawValue, LWS_CALLBACK_CLIENT_ESTABLISHED.rawValue,
    LWS_CALLBACK_CLIENT_RECEIVE.rawValue, LWS_CALLBACK_CLIENT_RECEIVE_PONG.rawValue,
    LWS_CALLBACK_WS_PEER_INITIATED_CLOSE.rawValue, LWS_CALLBACK_CLIENT_WRITEABLE.rawValue,
    LWS_CALLBACK_CLIENT_HTTP_WRITEABLE.rawValue, LWS_CALLBACK_RECEIVE_CLIENT_HTTP.rawValue,
    LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ.rawValue, LWS_CALLBACK_COMPLETED_CLIENT_HTTP.rawValue,
]

// MARK: - Conversions

private func bytes(_ input: UnsafeMutableRawPointer?, _ length: Int) -> [UInt8] {
    unsafe [UInt8](UnsafeRawBufferPointer(start: input, count: unsafe input == nil ? 0 : max(0, length)))
}

private func text(_ input: UnsafeMutableRawPointer?, _ length: Int) -> String {
    String(decoding: unsafe bytes(input, length).prefix { $0 != 0 }, as: UTF8.self)
}

private func webSocketPiece(_ wsi: OpaquePointer, _ input: UnsafeMutableRawPointer?, _ length: Int) -> ReceivedPiece {
    let remaining = unsafe lws_remaining_packet_payload(wsi)
    return ReceivedPiece(
        bytes: unsafe bytes(input, length), isFirst: unsafe lws_is_first_fragment(wsi) != 0,
        isLast: unsafe lws_is_final_fragment(wsi) != 0, isText: unsafe lws_frame_is_binary(wsi) == 0,
        remainingInFrame: Int(clamping: remaining))
}

/// Writes the lines where libwebsockets builds its request. Their size was checked before the dial; returning
/// anything but 0 here would make libwebsockets 4.1 go on with freed memory.
private func append(
    _ lines: String, to input: UnsafeMutableRawPointer?, limit: Int, _ wsi: OpaquePointer, _ link: Link
) {
    let place = unsafe input?.assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self)
    guard let place = unsafe place, let start = unsafe place.pointee, lines.utf8.count < limit else { return }
    var next = unsafe start
    for byte in lines.utf8 {
        unsafe next.pointee = byte
        unsafe next += 1
    }
    unsafe place.pointee = next
    if link.hasBody {
        unsafe lws_client_http_body_pending(wsi, 1)
        unsafe lws_callback_on_writable(wsi)
    }
}

private func answerHead(_ wsi: OpaquePointer) -> AnswerHead {
    AnswerHead(
        status: Int(unsafe lws_http_client_http_response(wsi)),
        retryAfter: unsafe header(WSI_TOKEN_HTTP_RETRY_AFTER, of: wsi)
            .flatMap { Duration(retryAfter: $0, at: WallClock.now()) },
        handoverCause: unsafe header("opamp-handover-cause:", of: wsi),
        contentType: unsafe header(WSI_TOKEN_HTTP_CONTENT_TYPE, of: wsi),
        contentLength: unsafe header(WSI_TOKEN_HTTP_CONTENT_LENGTH, of: wsi).flatMap { Int($0) })
}

private func header(_ token: lws_token_indexes, of wsi: OpaquePointer) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
        let count = unsafe lws_hdr_copy(wsi, buffer.baseAddress, Int32(buffer.count), token)
        return unsafe count > 0 ? plain(buffer, Int(count)) : nil
    }
}

private func header(_ name: String, of wsi: OpaquePointer) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
        let count = unsafe lws_hdr_custom_copy(
            wsi, buffer.baseAddress, Int32(buffer.count), name, Int32(name.utf8.count))
        return unsafe count > 0 ? plain(buffer, Int(count)) : nil
    }
}

/// A header's value without anything that could disturb a log.
private func plain(_ buffer: UnsafeMutableBufferPointer<CChar>, _ count: Int) -> String {
    let bytes = unsafe buffer.prefix(count).map { UInt8(bitPattern: $0) }
    return String(decoding: bytes.filter { (0x20..<0x7F).contains($0) }, as: UTF8.self).trimmingSpaces
}

/// Has libwebsockets undo the transfer coding and come back with RECEIVE_CLIENT_HTTP_READ.
private func readBody(_ wsi: OpaquePointer) -> Int32 {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
        var start = buffer.baseAddress
        var count = Int32(buffer.count)
        return unsafe lws_http_client_read(wsi, &start, &count) < 0 ? -1 : 0
    }
}
