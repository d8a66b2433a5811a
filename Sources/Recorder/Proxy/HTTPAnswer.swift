import NIOCore
import NIOHTTP1

/// A whole answer of HTTP.
struct HTTPAnswer: Sendable {
    var status: HTTPResponseStatus
    var headers = HTTPHeaders()
    var body: [UInt8] = []

    var isOpAMP: Bool { headers.isOpAMP }
}

extension HTTPHeaders {
    var isOpAMP: Bool {
        self["content-type"].contains { $0.lowercased().hasPrefix("application/x-protobuf") }
    }

    /// Without what belongs to one connection or is made anew for the next (RFC 9110 section 7.6.1).
    var passedOn: HTTPHeaders {
        let named = self[canonicalForm: "connection"].map { $0.lowercased() }
        let own: Set<String> = [
            "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding",
            "upgrade",
        ]
        return HTTPHeaders(
            filter { name, _ in !own.contains(name.lowercased()) && !named.contains(name.lowercased()) }
                .map { ($0.name, $0.value) })
    }

    /// Nor with what the handshake of a WebSocket makes anew; no compression is agreed on, so that messages can be read.
    var passedOnWithUpgrade: HTTPHeaders {
        let own: Set<String> = [
            "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-key", "sec-websocket-version",
        ]
        return HTTPHeaders(passedOn.filter { !own.contains($0.name.lowercased()) }.map { ($0.name, $0.value) })
    }
}
