import Foundation
package import HTTPTypes
package import Hummingbird
import NIOCore
import ServerAPI
package import Vocabulary

/// A refusal as an answer: `application/problem+json` (RFC 9457) made from an operator message.
///
/// Routes throw it and the upgrade handler writes it; there is no other way to refuse a request.
package struct ProblemResponse: Error, Hashable, Sendable {
    package var status: HTTPResponse.Status
    package var message: OperatorMessage
    /// Written as `Retry-After` in whole seconds, rounded up.
    package var retryAfter: Duration?
    /// One of the closed list of causes, or a refusal's name; what an agent reports back to its old server.
    package var handoverCause: String?
    package var extraFields = HTTPFields()
    /// To peers only: the certificate that they came with.
    package var presentedFingerprint: Fingerprint?
    /// To peers only: the last event of theirs that was taken in.
    package var lastSequence: Int?

    package init(_ status: HTTPResponse.Status, _ message: OperatorMessage) {
        self.status = status
        self.message = message
    }

    package init(_ status: HTTPResponse.Status, _ refusal: any OperatorExplainable) {
        self.init(status, refusal.operatorMessage)
    }

    /// - Parameter instance: the path that was asked for.
    package func body(instance: String?) -> String {
        let answer = ServerAPI.Problem(
            message, status: status.code, instance: instance, presentedFingerprint: presentedFingerprint,
            lastSequence: lastSequence)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(answer)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    package var headerFields: HTTPFields {
        var fields = extraFields
        fields[.contentType] = ServerAPI.Problem.contentType
        fields[.cacheControl] = "no-store"
        if let retryAfter {
            fields[.retryAfter] = String((max(0, retryAfter.wholeMilliseconds) + 999) / 1000)
        }
        if let handoverCause {
            fields[.handoverCause] = handoverCause
            // An agent reads the headers of a refused upgrade, and not its body.
            let next = message.nextAction
            if next.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { fields[.handoverNext] = next }
        }
        return fields
    }
}

extension ProblemResponse: HTTPResponseError {
    package func response(from request: Request, context: some RequestContext) -> Response {
        let body = body(instance: request.uri.path)
        return Response(status: status, headers: headerFields, body: .init(byteBuffer: ByteBuffer(string: body)))
    }
}

extension HTTPField.Name {
    private static func known(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header name") }
        return field
    }

    /// Why an agent on the move was refused.
    package static let handoverCause = known(MoveHeader.handoverCause)
    package static let handoverNext = known(MoveHeader.handoverNext)
}
