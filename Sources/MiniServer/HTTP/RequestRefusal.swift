import Vocabulary

/// What is wrong with a request before any rule of the product is asked.
enum RequestRefusal: Error, Hashable, OperatorExplainable {
    case notFound(path: String)
    case methodNotAllowed(path: String, allowed: [String])
    case bodyTooLarge
    case bodyUnreadable(reason: String)
    case parameter(name: String, reason: String)
    case endpoint(EndpointRefusal)
    case notAuthenticated
    case roleTooLow(role: String, needed: String)
    /// The reason is in the server's log only.
    case failed

    var operatorMessage: OperatorMessage {
        switch self {
        case .notFound(let path):
            OperatorMessage(
                code: "request.not-found", title: "Not found", cause: "\(path.prefix(200)) does not exist.",
                nextAction: "Check the path; the object may have been deleted.")
        case .methodNotAllowed(let path, let allowed):
            OperatorMessage(
                code: "request.method-not-allowed", title: "The path does not accept this method",
                cause: "\(path.prefix(200)) accepts \(allowed.joined(separator: ", ")).",
                nextAction: "Use one of these methods, or correct the path.")
        case .bodyTooLarge:
            OperatorMessage(
                code: "request.too-large", title: "The request is too large",
                cause: "A body may have \(Limits.jsonBytes) bytes.", nextAction: "Send a smaller body.")
        case .bodyUnreadable(let reason):
            OperatorMessage(
                code: "request.unreadable", title: "The request cannot be read", cause: "The body: \(reason).",
                nextAction: "Compare the body with the API description at /api/openapi.json.")
        case .parameter(let name, let reason):
            OperatorMessage(
                code: "request.parameter", title: "A value is not valid", cause: "\(name): \(reason).",
                nextAction: "Correct the value.")
        case .endpoint(let refusal):
            OperatorMessage(
                code: "request.endpoint", title: "The endpoint is not valid",
                cause: "The endpoint cannot be used: \(refusal.reason).",
                nextAction: "Enter a URL such as https://host:4320.")
        case .notAuthenticated:
            OperatorMessage(
                code: "operator.not-authenticated", title: "No valid operator token",
                cause: "The request has no operator token, or the token is unknown or has expired.",
                nextAction:
                    "Pass a valid token (--operator-token-file, or the header `Authorization: Bearer opamp-pat...`). An "
                    + "admin creates one with `mini-server operator-token create NAME --role ROLE`.")
        case .roleTooLow(let role, let needed):
            OperatorMessage(
                code: "operator.role-too-low", title: "The role does not allow this",
                cause: "The token has the role \(role); this request needs \(needed).",
                nextAction:
                    "Use a token with that role. An admin creates one with `mini-server operator-token create NAME --role "
                    + "\(needed)`.")
        case .failed:
            OperatorMessage(
                code: "server.failed", title: "The server could not do that",
                cause: "The request failed inside the server. The server's log has the reason.",
                nextAction: "Read the server's log, then repeat the request.")
        }
    }
}
