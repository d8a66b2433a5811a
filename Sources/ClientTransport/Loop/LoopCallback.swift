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
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: link.evidence.nonsense = unsafe nonsense(input, length)
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        unsafe append(link.headerText, to: input, limit: length)
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP: link.answered(unsafe answerHead(wsi))
    case LWS_CALLBACK_CLIENT_ESTABLISHED: link.opened()
    case LWS_CALLBACK_CLIENT_RECEIVE: return link.received(unsafe webSocketPiece(wsi, input, length)) ? 0 : -1
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG: link.heard()
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: link.peerCloses(unsafe bytes(input, length))
    case LWS_CALLBACK_CLIENT_WRITEABLE: return link.mayWrite() ? 0 : -1
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
]

// MARK: - Conversions

private func bytes(_ input: UnsafeMutableRawPointer?, _ length: Int) -> [UInt8] {
    unsafe [UInt8](UnsafeRawBufferPointer(start: input, count: unsafe input == nil ? 0 : max(0, length)))
}

/// libwebsockets' own word, if it is about HTTP, for example "HS: Accept hash wrong". Its words about TLS are wrong.
private func nonsense(_ input: UnsafeMutableRawPointer?, _ length: Int) -> String? {
    let text = String(decoding: unsafe bytes(input, length).prefix { $0 != 0 }, as: UTF8.self)
    return text.hasPrefix("HS:") || text.hasPrefix("problems parsing") ? text : nil
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
private func append(_ lines: String, to input: UnsafeMutableRawPointer?, limit: Int) {
    let place = unsafe input?.assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self)
    guard let place = unsafe place, let start = unsafe place.pointee, lines.utf8.count < limit else { return }
    var next = unsafe start
    for byte in lines.utf8 {
        unsafe next.pointee = byte
        unsafe next += 1
    }
    unsafe place.pointee = next
}

private func answerHead(_ wsi: OpaquePointer) -> AnswerHead {
    AnswerHead(
        status: Int(unsafe lws_http_client_http_response(wsi)),
        retryAfter: unsafe header(WSI_TOKEN_HTTP_RETRY_AFTER, of: wsi)
            .flatMap { Duration(retryAfter: $0, at: WallClock.now()) },
        handoverCause: unsafe header("opamp-handover-cause:", of: wsi),
        handoverNext: unsafe header("opamp-handover-next:", of: wsi),
        contentType: unsafe header(WSI_TOKEN_HTTP_CONTENT_TYPE, of: wsi),
        contentLength: unsafe header(WSI_TOKEN_HTTP_CONTENT_LENGTH, of: wsi).flatMap { Int($0) })
}

private func header(_ token: lws_token_indexes, of wsi: OpaquePointer) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
        let count = unsafe lws_hdr_copy(wsi, buffer.baseAddress, Int32(buffer.count), token)
        return unsafe count > 0 ? AnswerHead.text(of: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }) : nil
    }
}

private func header(_ name: String, of wsi: OpaquePointer) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
        let count = unsafe lws_hdr_custom_copy(
            wsi, buffer.baseAddress, Int32(buffer.count), name, Int32(name.utf8.count))
        return unsafe count > 0 ? AnswerHead.text(of: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }) : nil
    }
}
