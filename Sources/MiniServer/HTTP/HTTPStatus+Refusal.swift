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

    static let byArea: [String: HTTPResponse.Status] = [
        RequestCode.area: .badRequest,
        HandoverCode.area: .conflict,
        NotFoundCode.area: .notFound,
        FleetCode.area: .conflict,
        SigningKeyCode.area: .conflict,
        AuditCode.area: .conflict,
        FederationCode.area: .unprocessableContent,
        CertificateCode.area: .unprocessableContent,
        PEMCode.area: .unprocessableContent,
        WireCode.area: .badRequest,
        TrustBundleCode.area: .badGateway,
        CallCode.area: .badGateway,
        OperatorAccessCode.area: .forbidden,
        StorageCode.area: .serviceUnavailable,
        AuthorityFailureCode.area: .internalServerError,
        FileCode.area: .internalServerError,
        ServerFailureCode.area: .internalServerError,
    ]

    private static let byCode: [String: HTTPResponse.Status] = [
        RequestCode.notFound.code: .notFound,
        RequestCode.methodNotAllowed.code: .methodNotAllowed,
        RequestCode.tooLarge.code: .contentTooLarge,
        OperatorAccessCode.notAuthenticated.code: .unauthorized,

        HandoverCode.unknown.code: .notFound,
        HandoverCode.ttlOutOfRange.code: .unprocessableContent,
        HandoverCode.probationOutOfRange.code: .unprocessableContent,
        HandoverCode.malformed.code: .unprocessableContent,
        HandoverCode.badChecksum.code: .unprocessableContent,
        HandoverCode.tooLarge.code: .unprocessableContent,
        HandoverCode.wrongType.code: .unprocessableContent,
        HandoverCode.unacceptableClaim.code: .unprocessableContent,
        HandoverCode.badSignature.code: .unprocessableContent,
        HandoverCode.sourceUnreachable.code: .badGateway,

        FleetCode.groupMissing.code: .notFound,
        FleetCode.configurationMissing.code: .notFound,
        FleetCode.bootstrapUnknown.code: .notFound,
        FleetCode.bootstrapTtlOutOfRange.code: .unprocessableContent,

        FederationCode.certificateNotAccepted.code: .forbidden,
        FederationCode.secretNotAccepted.code: .unauthorized,
        FederationCode.tooManyWrongSecrets.code: .tooManyRequests,
        FederationCode.nameTaken.code: .conflict,
        FederationCode.peerKnown.code: .conflict,
        FederationCode.handoversOpen.code: .conflict,
        FederationCode.messagesWaiting.code: .conflict,

        StorageCode.unreadable.code: .internalServerError,
    ]
}

extension ProblemResponse {
    /// A refusal or failure as an answer, with the status that the table has for it.
    init(_ refusal: any OperatorExplainable) {
        let message = refusal.operatorMessage
        self.init(HTTPResponse.Status(saying: message), message)
    }
}
