package import HTTPTypes
import Vocabulary

/// Why the listener answered a request itself, before anybody else saw it.
package enum ListenerRefusal: String, OperatorCode, OperatorCoded, Hashable, CaseIterable {
    package static let area = "listener"

    case malformedRequest = "malformed-request"
    case headersTooLarge = "headers-too-large"
    case targetTooLong = "target-too-long"
    case bodyTooLarge = "body-too-large"
    case badEncoding = "bad-encoding"
    case unknownEncoding = "unknown-encoding"
    case badUpgrade = "bad-upgrade"
    case wrongMediaType = "wrong-media-type"
    case unreadableCertificate = "unreadable-certificate"
    case overloaded

    package var status: HTTPResponse.Status {
        switch self {
        case .malformedRequest, .badEncoding: .badRequest
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .targetTooLong: .uriTooLong
        case .bodyTooLarge: .contentTooLarge
        case .unknownEncoding, .wrongMediaType: .unsupportedMediaType
        case .badUpgrade: .upgradeRequired
        case .unreadableCertificate: .forbidden
        case .overloaded: .serviceUnavailable
        }
    }

    package var problem: ProblemResponse {
        var problem = ProblemResponse(status, self)
        switch self {
        case .badUpgrade: problem.extraFields = [.upgrade: "websocket", .secWebSocketVersion: "13"]
        case .unknownEncoding: problem.extraFields = [.acceptEncoding: "gzip, deflate, identity"]
        case .overloaded: problem.retryAfter = .seconds(30)
        default: break
        }
        return problem
    }

    package var words: (code: ListenerRefusal, title: String, cause: String, nextAction: String) {
        let (title, cause, nextAction) = text
        return (self, title, cause, nextAction)
    }

    private var text: (title: String, cause: String, nextAction: String) {
        switch self {
        case .malformedRequest:
            (
                "The request is not HTTP/1.1",
                "The request line, a header or the framing of the body breaks RFC 9112.",
                "Check that the client and any proxy between speak HTTP/1.1 over TLS."
            )
        case .headersTooLarge:
            (
                "The request's headers are too large",
                "The header section exceeds \(Limits.headerSectionBytes) bytes or its fields are too many.",
                "Send fewer or shorter headers."
            )
        case .targetTooLong:
            ("The request's URL is too long", "The path and query exceed 8192 bytes.", "Shorten the URL.")
        case .bodyTooLarge:
            (
                "The request's body is too large",
                "The body exceeds \(Limits.messageBytes) bytes, counted after decompression.",
                "Send a smaller message."
            )
        case .badEncoding:
            (
                "The request's body could not be decompressed",
                "Its Content-Encoding does not match its bytes, or it was cut short.",
                "Check the client's compression, or send the body uncompressed."
            )
        case .unknownEncoding:
            (
                "The request's Content-Encoding is not known",
                "The server accepts gzip, deflate and identity.",
                "Use gzip or send the body uncompressed."
            )
        case .badUpgrade:
            (
                "The WebSocket upgrade is not valid",
                "It must be the first request of its connection, a GET without a body, for WebSocket version 13.",
                "Check the client's endpoint and any proxy that rewrites Upgrade or Connection."
            )
        case .wrongMediaType:
            (
                "The request's media type is not OpAMP's",
                "A plain-HTTP exchange carries Content-Type application/x-protobuf.",
                "Set the content type, or open a WebSocket."
            )
        case .unreadableCertificate:
            (
                "The client certificate could not be read",
                "TLS carried a certificate that is not well-formed X.509.",
                "Give the client a certificate issued by this server."
            )
        case .overloaded:
            (
                "The server is busy",
                "The server has reached its limit of concurrent requests.",
                "Wait for the time in Retry-After; agents do this automatically."
            )
        }
    }
}
