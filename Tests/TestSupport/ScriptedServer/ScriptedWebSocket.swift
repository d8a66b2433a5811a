import NIOCore
import NIOWebSocket

/// The server's end of an accepted WebSocket.
public struct ScriptedWebSocket: Sendable {
    public enum Frame: Hashable, Sendable {
        case binary([UInt8]), text(String), ping([UInt8]), pong([UInt8])
        case close(code: UInt16?, reason: String)
    }

    public let request: ScriptedRequest
    /// What the client sends, fragments as they come, masks removed. Ends with the connection.
    public let frames: AsyncStream<Frame>
    let channel: any Channel

    public func send(_ message: [UInt8]) { write(.binary, message) }
    public func send(text: String) { write(.text, Array(text.utf8)) }
    public func ping(_ payload: [UInt8] = []) { write(.ping, payload) }
    public func pong(_ payload: [UInt8]) { write(.pong, payload) }

    /// One message in as many frames as there are pieces.
    public func send(fragments: [[UInt8]]) {
        for (index, piece) in fragments.enumerated() {
            write(index == 0 ? .binary : .continuation, piece, isLast: index == fragments.count - 1)
        }
    }

    /// Sends a Close frame and leaves the rest to the client.
    public func close(code: UInt16, reason: String = "") {
        write(.connectionClose, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8))
    }

    /// Ends the TCP connection without a Close frame.
    public func drop() { channel.close(promise: nil) }

    /// Stops reading, so that nothing is answered any more; the connection stays open.
    public func freeze() { channel.setOption(.autoRead, value: false).whenComplete { _ in } }

    /// Waits until the client is gone.
    public func waitForEnd() async { try? await channel.closeFuture.get() }

    private func write(_ opcode: WebSocketOpcode, _ payload: [UInt8], isLast: Bool = true) {
        let frame = WebSocketFrame(fin: isLast, opcode: opcode, data: ByteBuffer(bytes: payload))
        channel.writeAndFlush(frame, promise: nil)
    }
}

/// Turns frames into a stream. Answers pings and Close frames, as a good server does.
final class FrameStream: ChannelInboundHandler, Sendable {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let frames: AsyncStream<ScriptedWebSocket.Frame>.Continuation

    init(_ frames: AsyncStream<ScriptedWebSocket.Frame>.Continuation) { self.frames = frames }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        let payload = Array(buffer: frame.unmaskedData)
        switch frame.opcode {
        case .text: frames.yield(.text(String(decoding: payload, as: UTF8.self)))
        case .ping:
            frames.yield(.ping(payload))
            answer(.pong, payload, context)
        case .pong: frames.yield(.pong(payload))
        case .connectionClose:
            let code = payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : nil
            frames.yield(.close(code: code, reason: String(decoding: payload.dropFirst(2), as: UTF8.self)))
            answer(.connectionClose, Array(payload.prefix(2)), context)
        default: frames.yield(.binary(payload))
        }
    }

    private func answer(_ opcode: WebSocketOpcode, _ payload: [UInt8], _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, data: ByteBuffer(bytes: payload))
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        frames.finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
