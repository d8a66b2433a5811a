import Certificates
import NIOCore
import NIOHTTP1
import NIOSSL
import OpAMPProto
import Synchronization
import Vocabulary

/// One connection of an agent: what the recording says about it, and what became of its request for a WebSocket.
final class AgentConnection: Sendable {
    private struct State {
        var accepted: Arrival.Frames?
        var refusal: HTTPAnswer?
        var ending: String?
    }

    let number: Int64
    let recorder: MessageRecorder
    let upstream: Upstream
    private let channel: any Channel
    private let state = Mutex(State())

    init(recorder: MessageRecorder, upstream: Upstream, on channel: any Channel) {
        (self.recorder, self.upstream, self.channel) = (recorder, upstream, channel)
        number = recorder.nextConnection()
        let from = channel.remoteAddress.map { "\($0.ipAddress ?? ""):\($0.port ?? 0)" }
        write("open", .members(["from": from.map { .string($0) }]))
        channel.closeFuture.whenComplete { [self] _ in
            write("end", .members(["cause": .string(state.withLock { $0.ending } ?? "the agent ended the connection")]))
            abandonUpgrade()
        }
    }

    /// The server's end of a WebSocket that it has granted; once.
    func takeUpgrade() -> Arrival.Frames? { state.withLock { $0.accepted.take() } }
    /// What answers a request for a WebSocket that came to nothing; once.
    func takeRefusal() -> HTTPAnswer? { state.withLock { $0.refusal.take() } }

    /// Why the connection ends; the first reason counts.
    func note(ending: String) { state.withLock { $0.ending = $0.ending ?? ending } }

    func cut() {
        note(ending: "a rule cut it")
        channel.close(promise: nil)
    }

    // MARK: The recording

    func write(_ event: String, _ members: JSON) {
        let place: JSON = .members(["connection": .integer(number), "event": .string(event)])
        recorder.recording.write(.object((place.members ?? []) + (members.members ?? [])))
    }

    func write(request head: HTTPRequestHead, isUpgrade: Bool = false, rules: JSON? = nil) async {
        let certificate = try? await channel.nioSSL_peerCertificate().get()?.toDERBytes()
        let leaf = certificate.flatMap { try? Certificate(der: $0) }
        write(
            "request",
            .members([
                "method": .string(head.method.rawValue), "path": .string(shown(head.uri)),
                "upgrade": isUpgrade ? .bool(true) : nil,
                "certificate": leaf.map { .string("\($0.fingerprint)") },
                "headers": HeaderText.json(head.headers, showingSecrets: recorder.recording.showsSecrets),
                "rules": rules,
            ]))
    }

    func write(answer: HTTPAnswer, by author: Author) {
        let isText = !answer.isOpAMP && !answer.body.isEmpty
        let text = isText ? shown(String(decoding: answer.body.prefix(4096), as: UTF8.self)) : nil
        write(
            "answer",
            .members([
                "by": .string(author.rawValue), "status": .integer(Int64(answer.status.code)),
                "headers": HeaderText.json(answer.headers, showingSecrets: recorder.recording.showsSecrets),
                "text": text.map { .string($0) },
            ]))
    }

    enum Author: String { case server, proxy }

    private func shown(_ text: String) -> String {
        recorder.recording.showsSecrets ? text : SecretText.masked(text)
    }

    /// The server could not be asked: says so, to the agent as well.
    func badGateway(_ failure: RecorderFailure) -> HTTPAnswer {
        write("failure", failure.operatorMessage.json)
        let answer = HTTPAnswer(status: .badGateway)
        write(answer: answer, by: .proxy)
        return answer
    }

    func answer(status: Int) -> HTTPAnswer {
        let answer = HTTPAnswer(status: HTTPResponseStatus(statusCode: status))
        write(answer: answer, by: .proxy)
        return answer
    }

    // MARK: The upgrade

    /// - Returns: headers for the agent; `nil` when there is no WebSocket.
    func upgrade(_ head: HTTPRequestHead) async -> HTTPHeaders? {
        let fate = recorder.passUpgrade()
        await write(request: head, isUpgrade: true, rules: fate.rulesJSON)
        try? await Task.sleep(for: fate.delay)
        if fate.isCut {
            cut()
            return nil
        }
        if let status = fate.status { return refuse(answer(status: status)) }
        do throws(RecorderFailure) {
            switch try await upstream.upgrade(head) {
            case .accepted(let frames, let response):
                write(answer: HTTPAnswer(status: response.status, headers: response.headers), by: .server)
                state.withLock { $0.accepted = frames }
                if !channel.isActive { abandonUpgrade() }
                return response.headers.passedOnWithUpgrade
            case .refused(let answer):
                write(answer: answer, by: .server)
                return refuse(answer)
            }
        } catch {
            return refuse(badGateway(error))
        }
    }

    /// The agent has gone meanwhile, and nobody else will end the server's connection.
    private func abandonUpgrade() {
        guard let frames = takeUpgrade() else { return }
        Task { try? await frames.executeThenClose { _, _ in } }
    }

    private func refuse(_ answer: HTTPAnswer) -> HTTPHeaders? {
        state.withLock { $0.refusal = answer }
        return nil
    }
}
