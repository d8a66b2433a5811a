import HTTPTypes
import ServerTransport
import Vocabulary

extension HTTPResponse.Status {
    /// How HTTP says what an operator message says: by its code, else by its area.
    ///
    /// The one table of status codes; operators and peers are answered from it alike.
    init(saying message: OperatorMessage) {
        let area = message.code.prefix { $0 != "." }
        self = Self.byCode[message.code] ?? Self.byArea[String(area)] ?? .internalServerError
    }

    private static let byArea: [String: HTTPResponse.Status] = [
        "request": .badRequest,
        "handover": .conflict,
        "not-found": .notFound,
        "fleet": .conflict,
        "ca": .conflict,
        "audit": .conflict,
        "federation": .unprocessableContent,
        "certificate": .unprocessableContent,
        "pem": .unprocessableContent,
        "wire": .badRequest,
        "trust-bundle": .badGateway,
        "call": .badGateway,
        "operator": .forbidden,
        "storage": .serviceUnavailable,
        "authority": .internalServerError,
        "file": .internalServerError,
        "server": .internalServerError,
    ]

    private static let byCode: [String: HTTPResponse.Status] = [
        "request.not-found": .notFound,
        "request.method-not-allowed": .methodNotAllowed,
        "request.too-large": .contentTooLarge,
        "operator.not-authenticated": .unauthorized,

        "handover.unknown": .notFound,
        "handover.ttl-out-of-range": .unprocessableContent,
        "handover.probation-out-of-range": .unprocessableContent,
        "handover.malformed": .unprocessableContent,
        "handover.bad-checksum": .unprocessableContent,
        "handover.too-large": .unprocessableContent,
        "handover.wrong-type": .unprocessableContent,
        "handover.unacceptable-claim": .unprocessableContent,
        "handover.bad-signature": .unprocessableContent,
        "handover.source-unreachable": .badGateway,

        "fleet.group-missing": .notFound,
        "fleet.configuration-missing": .notFound,
        "fleet.bootstrap-unknown": .notFound,
        "fleet.bootstrap-ttl-out-of-range": .unprocessableContent,

        "federation.certificate-not-accepted": .forbidden,
        "federation.secret-not-accepted": .unauthorized,
        "federation.too-many-wrong-secrets": .tooManyRequests,
        "federation.name-taken": .conflict,
        "federation.peer-known": .conflict,
        "federation.handovers-open": .conflict,
        "federation.messages-waiting": .conflict,

        "storage.unreadable": .internalServerError,
    ]
}

extension ProblemResponse {
    /// A refusal or failure as an answer, with the status that the table has for it.
    init(_ refusal: any OperatorExplainable) {
        let message = refusal.operatorMessage
        self.init(HTTPResponse.Status(saying: message), message)
    }
}
