import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import Vocabulary

/// Turns away what is not well-formed HTTP/1.1 within the limits, with an answer that says why.
///
/// It stands behind the decoder, and once more behind the decompressor, whose output has the same limit.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: ListenerLimits
    /// Whether this one tells a client that waits for it to send its body (RFC 9110 section 10.1.1).
    private let invitesBodies: Bool
    private var bodyBytes = 0
    private var owedAnswers = 0
    private var answersBegun = 0
    private var hasTurnedAway = false

    init(limits: ListenerLimits, invitesBodies: Bool = false) {
        (self.limits, self.invitesBodies) = (limits, invitesBodies)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasTurnedAway else { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            bodyBytes = 0
            if let refusal = refusal(of: head) { return turnAway(refusal, context) }
            owedAnswers += 1
            // Behind another answer it would be read as part of that one; the client sends its body without it.
            if invitesBodies, owedAnswers == 1, head.waitsForInvitation {
                let invitation = HTTPResponseHead(version: .http1_1, status: .continue)
                context.writeAndFlush(Self.wrapOutboundOut(.head(invitation)), promise: nil)
            }
        case .body(let part):
            bodyBytes += part.readableBytes
            if bodyBytes > limits.bodyBytes { return turnAway(.bodyTooLarge, context) }
        case .end:
            break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !hasTurnedAway else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        switch Self.unwrapOutboundIn(data) {
        case .head(let head) where head.status.code >= 200: answersBegun += 1
        case .end:
            answersBegun -= 1
            owedAnswers -= 1
        default: break
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow:
            turnAway(.headersTooLarge, context)
        case is HTTPParserError:
            turnAway(.malformedRequest, context)
        case NIOHTTPDecompression.DecompressionError.limit:
            turnAway(.bodyTooLarge, context)
        case is NIOHTTPDecompression.DecompressionError, is NIOHTTPDecompression.ExtraDecompressionError:
            turnAway(.badEncoding, context)
        default:
            context.close(promise: nil)
        }
    }

    private func refusal(of head: HTTPRequestHead) -> ListenerRefusal? {
        if head.uri.utf8.count > limits.requestTargetBytes { return .targetTooLong }
        let hosts = head.headers["host"].count
        switch head.version {
        case .http1_1 where hosts == 1, .http1_0 where hosts <= 1: break
        default: return .malformedRequest
        }
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > limits.bodyBytes {
            return .bodyTooLarge
        }
        let known: Set<Substring> = ["gzip", "deflate", "identity"]
        let encodings = head.headers[canonicalForm: "content-encoding"].map { $0.lowercased() }
        return encodings.count > 1 || !encodings.allSatisfy({ known.contains(Substring($0)) }) ? .unknownEncoding : nil
    }

    /// Answers unless an answer has begun, reads on into nothing for a moment, so that the answer is not lost in
    /// the reset that unread bytes cause, and closes.
    private func turnAway(_ refusal: ListenerRefusal, _ context: ChannelHandlerContext) {
        guard !hasTurnedAway else { return }
        hasTurnedAway = true
        guard answersBegun == 0 else {
            context.close(promise: nil)
            return
        }
        for part in refusal.problem.closingAnswer(allocator: context.channel.allocator) {
            context.write(Self.wrapOutboundOut(part), promise: nil)
        }
        context.flush()
        context.eventLoop.assumeIsolated().scheduleTask(in: limits.closeTimeout) { context.close(promise: nil) }
    }
}

extension HTTPRequestHead {
    fileprivate var waitsForInvitation: Bool {
        version == .http1_1 && headers["expect"].contains { $0.lowercased() == "100-continue" }
    }
}

extension ProblemResponse {
    /// Without its length.
    func head(_ version: HTTPVersion) -> HTTPResponseHead {
        HTTPResponseHead(
            version: version,
            status: HTTPResponseStatus(statusCode: status.code, reasonPhrase: status.reasonPhrase),
            headers: HTTPHeaders(headerFields.map { ($0.name.rawName, $0.value) }))
    }

    /// The whole answer as it goes out where no router is at hand; the connection ends with it.
    ///
    /// - Parameter path: what was asked for, where that could be read.
    func closingAnswer(allocator: ByteBufferAllocator, to path: String? = nil) -> [HTTPServerResponsePart] {
        let text = body(instance: path)
        var head = head(.http1_1)
        head.headers.add(name: "content-length", value: String(text.utf8.count))
        head.headers.add(name: "connection", value: "close")
        return [.head(head), .body(.byteBuffer(allocator.buffer(string: text))), .end(nil)]
    }
}
