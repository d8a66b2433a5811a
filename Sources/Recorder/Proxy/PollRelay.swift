import NIOCore
import NIOHTTP1
import OpAMPProto

/// Passes the HTTP requests of one connection and their answers, one after the other.
struct PollRelay: Sendable {
    /// A rule cut the connection.
    private struct Cut: Error {}

    let connection: AgentConnection

    func run(_ polls: Arrival.Polls) async {
        do {
            try await polls.executeThenClose { inbound, outbound in
                if let refusal = connection.takeRefusal() { try await write(refusal, to: outbound) }
                var head: HTTPRequestHead?
                var body: [UInt8] = []
                for try await part in inbound {
                    switch part {
                    case .head(let next):
                        (head, body) = (next, [])
                        if next.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) {
                            try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
                        }
                    case .body(let piece): body += Array(piece.readableBytesView)
                    case .end:
                        guard let request = head else { continue }
                        head = nil
                        try await write(try await answer(request, body), to: outbound)
                        if !request.isKeepAlive { return }
                    }
                }
            }
        } catch is Cut {
            connection.cut()
        } catch {
            connection.note(ending: "the connection failed: \(error)")
        }
    }

    /// Content that is no OpAMP message is passed on as it is.
    private func answer(_ head: HTTPRequestHead, _ body: [UInt8]) async throws -> HTTPAnswer {
        await connection.write(request: head)
        guard head.headers.isOpAMP else { return try await exchange(head, body) }
        let message = Decompression.message(body, head.headers)
        let fate = connection.recorder.pass(message, .agentToServer, isFrame: false, on: connection.number)
        try await Task.sleep(for: fate.delay)
        if fate.isCut { throw note(Cut()) }
        if let status = fate.status { return connection.answer(status: status) }
        var (head, body) = (head, body)
        if fate.isCorrupt {
            head.headers.remove(name: "content-encoding")
            body = Corruption.message(message)
        }
        if fate.isDuplicate { _ = try await exchange(head, body) }
        return try await exchange(head, body)
    }

    private func exchange(_ head: HTTPRequestHead, _ body: [UInt8]) async throws -> HTTPAnswer {
        var answer: HTTPAnswer
        do throws(RecorderFailure) {
            answer = try await connection.upstream.exchange(head, body)
        } catch {
            return connection.badGateway(error)
        }
        connection.write(answer: answer, by: .server)
        guard answer.isOpAMP else { return answer }
        let message = Decompression.message(answer.body, answer.headers)
        let fate = connection.recorder.pass(message, .serverToAgent, isFrame: false, on: connection.number)
        try await Task.sleep(for: fate.delay)
        if fate.isCut { throw note(Cut()) }
        if fate.isCorrupt {
            answer.headers.remove(name: "content-encoding")
            answer.body = Corruption.message(message)
        }
        return answer
    }

    /// Before the connection is closed, so that the recording has the right reason.
    private func note(_ cut: Cut) -> Cut {
        connection.note(ending: "a rule cut it")
        return cut
    }

    private func write(
        _ answer: HTTPAnswer, to outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        var head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers.passedOn)
        if answer.status.mayHaveResponseBody {
            head.headers.replaceOrAdd(name: "content-length", value: "\(answer.body.count)")
        }
        try await outbound.write(.head(head))
        if !answer.body.isEmpty { try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))) }
        try await outbound.write(.end(nil))
    }
}
