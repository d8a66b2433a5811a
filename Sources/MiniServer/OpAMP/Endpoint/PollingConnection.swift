import HTTPTypes
import NIOCore
import NIOHTTP1
import OpAMPProto
import ServerCore
import ServerTransport
import Vocabulary

/// The plain-HTTP transport (OpAMP, "Plain HTTP Transport"): one poll is one POST. Lives on the event loop of one
/// connection.
///
/// A poll that says nothing new, on the connection of a session that lives, is answered at once: what the agent proved is
/// a matter of the connection, and whatever else ends a session has ended it.
final class PollingConnection: DirectResponder {
    private let endpoint: OpAMPEndpoint
    private let caller: Caller
    /// The session of the last poll, and the header fields that it was admitted with.
    private var known: (link: PollingLink, fields: AdmissionFields)?

    init(_ caller: Caller, at endpoint: OpAMPEndpoint) {
        (self.caller, self.endpoint) = (caller, endpoint)
    }

    func answer(_ head: HTTPRequestHead, _ body: ByteBuffer, on eventLoop: any EventLoop) -> DirectAnswer {
        let type = head.headers.first(name: "content-type")?.prefix { $0 != ";" && $0 != " " }.lowercased()
        guard type == Self.mediaType else { return .now(.problem(ListenerRefusal.wrongMediaType.problem)) }
        let poll: Poll
        do throws(WireFailure) {
            poll = .message(try AgentToServer(decoding: Array(buffer: body)), size: body.readableBytes)
        } catch {
            poll = .unreadable(error)
        }
        let fields = AdmissionFields { head.headers.first(name: $0) }
        if let known, known.fields == fields, case .message(let message, let size) = poll {
            switch known.link.receive(message, size: size, from: caller, epoch: fields.epoch) {
            case .over: break
            case .answered(let answer): return .now(Self.response(answer))
            case .report(let report):
                return .later(known.link.answer(to: report, on: eventLoop).map { Self.response($0) })
            }
        }
        let endpoint = endpoint
        let exchanged = endpoint.admit(caller, fields: fields, transport: .polling, on: eventLoop).flatMap {
            admitted -> EventLoopFuture<(DirectResponse, PollingLink?)> in
            switch admitted {
            case .failure(let problem): eventLoop.makeSucceededFuture((DirectResponse.problem(problem), nil))
            case .success(let session): Self.exchange(poll, in: session, at: endpoint, on: eventLoop)
            }
        }
        return .later(
            exchanged.assumeIsolated().map { response, link in
                self.known = link.map { ($0, fields) }
                return response
            }.nonisolated())
    }

    private enum Poll: Sendable {
        case message(AgentToServer, size: Int)
        case unreadable(WireFailure)
    }

    /// Continues the agent's session, or opens this one. Only a message replaces another session.
    private static func exchange(
        _ poll: Poll, in session: AgentSession, at endpoint: OpAMPEndpoint, on eventLoop: any EventLoop
    ) -> EventLoopFuture<(DirectResponse, PollingLink?)> {
        let (message, size): (AgentToServer, Int)
        switch poll {
        case .message(let readable, let bytes): (message, size) = (readable, bytes)
        case .unreadable(let failure):
            let refusal = AgentConversation(transport: .polling).refusal(.unreadable(failure))
            return eventLoop.makeSucceededFuture((response(refusal), nil))
        }
        while true {
            let link = endpoint.agents.polling(session.agent) { known in
                session.continues(known.session)
            } make: {
                PollingLink(session, at: endpoint)
            }
            switch link.receive(
                message, size: size, from: session.request.caller, epoch: session.request.epoch)
            {
            // The session ended between the two calls, so the next lookup does not find it.
            case .over: endpoint.agents.leave(link.session)
            case .answered(let answer): return eventLoop.makeSucceededFuture((response(answer), link))
            case .report(let report): return link.answer(to: report, on: eventLoop).map { (response($0), link) }
            }
        }
    }

    private static func response(_ answer: ServerToAgent) -> DirectResponse {
        do throws(WireFailure) {
            return .ok(type: mediaType, ByteBuffer(bytes: try answer.encoded()))
        } catch {
            return .problem(ProblemResponse(.internalServerError, error))
        }
    }

    private static let mediaType = "application/x-protobuf"
}
