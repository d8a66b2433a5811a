import HTTPTypes
import Hummingbird
import Logging
import ServerTransport
import Vocabulary

/// Whatever is thrown by a route leaves as `application/problem+json`; nothing else of an error gets out.
struct ProblemAnswers: RouterMiddleware {
    typealias Context = CallerContext

    let log: Logger
    let paths: KnownPaths

    func handle(
        _ request: Request, context: CallerContext, next: (Request, CallerContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            throw problem(of: error, at: request.uri.path)
        }
    }

    private func problem(of error: any Error, at path: String) -> ProblemResponse {
        switch error {
        case let problem as ProblemResponse: return problem
        case let refusal as any OperatorExplainable:
            let problem = ProblemResponse(refusal)
            if problem.status.code >= 500 {
                log.error("request failed", metadata: ["path": "\(path)", "reason": "\(refusal.operatorMessage)"])
            }
            return problem
        case let error as HTTPError where error.status == .notFound:
            let allowed = paths.methods(at: path)
            guard !allowed.isEmpty else { return ProblemResponse(RequestRefusal.notFound(path: path)) }
            var problem = ProblemResponse(RequestRefusal.methodNotAllowed(path: path, allowed: allowed))
            problem.extraFields = [.allow: allowed.joined(separator: ", ")]
            return problem
        case let error as HTTPError where error.status == .contentTooLarge:
            return ProblemResponse(RequestRefusal.bodyTooLarge)
        default:
            log.error("request failed", metadata: ["path": "\(path)", "reason": "\(error)"])
            return ProblemResponse(ServerFailure.failed)
        }
    }
}
