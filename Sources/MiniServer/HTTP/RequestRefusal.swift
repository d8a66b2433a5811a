import Vocabulary

/// What is wrong with a request before any rule of the product is asked.
enum RequestRefusal: Error, Hashable, OperatorCoded {
    case notFound(path: String)
    case methodNotAllowed(path: String, allowed: [String])
    case bodyTooLarge
    case bodyUnreadable(reason: String)
    case parameter(name: String, reason: String)
    case endpoint(EndpointRefusal)

    typealias Code = RequestCode

    var words: Words {
        switch self {
        case .notFound(let path):
            (
                code: .notFound, title: "Not found", cause: "\(path.prefix(200)) does not exist.",
                nextAction: "Check the path; the object may have been deleted."
            )
        case .methodNotAllowed(let path, let allowed):
            (
                code: .methodNotAllowed, title: "The path does not accept this method",
                cause: "\(path.prefix(200)) accepts \(allowed.joined(separator: ", ")).",
                nextAction: "Use one of these methods, or correct the path."
            )
        case .bodyTooLarge:
            (
                code: .tooLarge, title: "The request is too large",
                cause: "A body may have \(Limits.jsonBytes) bytes.", nextAction: "Send a smaller body."
            )
        case .bodyUnreadable(let reason):
            (
                code: .unreadable, title: "The request cannot be read", cause: "The body cannot be used: \(reason).",
                nextAction: "Compare the body with the API description at /api/openapi.json."
            )
        case .parameter(let name, let reason):
            (
                code: .parameter, title: "A value is not valid", cause: "\(name): \(reason).",
                nextAction: "Correct the value."
            )
        case .endpoint(let refusal):
            (
                code: .endpoint, title: "The endpoint is not valid",
                cause: "The endpoint cannot be used: \(refusal.reason).",
                nextAction: "Enter a URL such as https://host:4320."
            )
        }
    }
}

/// Why an operator may not make a request.
enum AccessRefusal: Error, Hashable, OperatorCoded {
    case notAuthenticated
    case roleTooLow(Role, needed: Role)

    typealias Code = OperatorAccessCode

    var words: Words {
        switch self {
        case .notAuthenticated:
            (
                code: .notAuthenticated, title: "No valid operator token",
                cause: "The request has no operator token, or the token is unknown or has expired.",
                nextAction:
                    "Pass a valid token (--operator-token-file, or the header `Authorization: Bearer opamp-pat...`). An "
                    + "admin creates one with `mini-server operator-token create NAME --role ROLE`."
            )
        case .roleTooLow(let role, let needed):
            (
                code: .roleTooLow, title: "The role does not allow this",
                cause: "The token has the role \(role.rawValue); this request needs \(needed.rawValue).",
                nextAction:
                    "Use a token with that role. An admin creates one with `mini-server operator-token create NAME --role "
                    + "\(needed.rawValue)`."
            )
        }
    }
}

/// A request failed for a reason that is in the server's log only.
enum ServerFailure: Error, Hashable, OperatorCoded {
    case failed

    typealias Code = ServerFailureCode

    var words: Words {
        switch self {
        case .failed:
            (
                code: .failed, title: "The server could not do that",
                cause: "The request failed inside the server. The server's log has the reason.",
                nextAction: "Read the server's log, then repeat the request."
            )
        }
    }
}
