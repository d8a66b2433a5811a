import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPCompression

/// Reads a copy of a compressed body; what is passed on stays as it is.
enum Decompression {
    /// The bytes themselves when they are not compressed, or not in a way that can be undone.
    static func message(_ body: [UInt8], _ headers: HTTPHeaders) -> [UInt8] {
        let encodings = headers[canonicalForm: "content-encoding"].filter { $0.lowercased() != "identity" }
        guard !encodings.isEmpty, let message = try? undone(body, encodings) else { return body }
        return message
    }

    private static func undone(_ body: [UInt8], _ encodings: [Substring]) throws -> [UInt8] {
        let channel = EmbeddedChannel(
            handler: NIOHTTPRequestDecompressor(limit: .size(MessageRecord.mostBytes)))
        let head = HTTPRequestHead(
            version: .http1_1, method: .POST, uri: "/",
            headers: [
                "content-encoding": encodings.joined(separator: ", "), "content-length": "\(body.count)",
            ])
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(bytes: body)))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        var message: [UInt8] = []
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
            if case .body(let piece) = part { message += Array(piece.readableBytesView) }
        }
        _ = try? channel.finish()
        return message
    }
}
