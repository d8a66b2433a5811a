import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import OpAMPProto
import ServerCore
import ServerTransport
import Vocabulary

/// The plain-HTTP transport (OpAMP, "Plain HTTP Transport"): one poll is one POST.
struct PollingRoute: Sendable {
    let endpoint: OpAMPEndpoint

    func add(to router: Router<CallerContext>) {
        let path = RouterPath(OpAMPEndpoint.path)
        router.post(path) { request, context in
            try await poll(request, context)
        }
        router.get(path) { _, _ -> Response in
            throw ListenerRefusal.badUpgrade.problem
        }
    }

    private func poll(_ request: Request, _ context: CallerContext) async throws -> Response {
        let mediaType = request.headers[.contentType]?.prefix { $0 != ";" && $0 != " " }.lowercased()
        guard mediaType == Self.mediaType else { throw ListenerRefusal.wrongMediaType.problem }
        let fields = { (name: String) in HTTPField.Name(name).flatMap { request.headers[$0] } }
        let session = try await endpoint.admit(context.caller, fields: fields, transport: .polling)
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Limits.messageBytes)
        } catch is NIOTooManyBytesError {
            throw ListenerRefusal.bodyTooLarge.problem
        }
        let answer: [UInt8]
        do throws(WireFailure) {
            answer = try await self.answer(to: Array(buffer: body), in: session)
        } catch {
            throw ProblemResponse(.internalServerError, error)
        }
        return Response(
            status: .ok,
            headers: [.contentType: Self.mediaType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer))
        )
    }

    /// Continues the agent's session, or opens this one. Only a message replaces another session.
    private func answer(to body: [UInt8], in session: AgentSession) async throws(WireFailure) -> [UInt8] {
        let message: AgentToServer
        do throws(WireFailure) {
            message = try AgentToServer(decoding: body)
        } catch {
            return try AgentConversation(transport: .polling).refusal(.unreadable(error)).encoded()
        }
        while true {
            let link = endpoint.agents.polling(session.agent) { known in
                session.continues(known.session)
            } make: {
                PollingLink(session, at: endpoint)
            }
            if let answer = try await link.exchange(message, asking: session.request) { return answer }
            // The session ended between the two calls, so the next lookup does not find it.
            endpoint.agents.leave(link.session)
        }
    }

    private static let mediaType = "application/x-protobuf"
}
