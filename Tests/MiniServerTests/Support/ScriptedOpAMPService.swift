import Certificates
import NIOCore
import NIOPosix
import OpAMPProto
import ServerCore
import ServerTransport
import Synchronization
import Vocabulary

@testable import MiniServer

/// A service that does what the test says and writes down what it saw.
final class ScriptedOpAMPService: OpAMPService {
    struct Closing: Hashable, Sendable {
        let session: AgentSession
        let ending: SessionEnding
    }

    private struct State {
        var requests: [ConnectionRequest] = []
        var reports: [AgentReport] = []
        var closings: [Closing] = []
        var heartbeats = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let admission: @Sendable (ConnectionRequest) -> Admission
    private let recall: @Sendable () -> Bool?
    private let answer: @Sendable (AgentReport, AgentSession) async -> OpAMPAnswer

    init(
        admission: @escaping @Sendable (ConnectionRequest) -> Admission = ScriptedOpAMPService.everyLeaf,
        recall: @escaping @Sendable () -> Bool? = { false },
        answer: @escaping @Sendable (AgentReport, AgentSession) async -> OpAMPAnswer = { _, _ in .nothing }
    ) {
        (self.admission, self.recall, self.answer) = (admission, recall, answer)
    }

    /// Each leaf is an agent, whose row is made of the fingerprint; without one the row is all zero.
    static let everyLeaf: @Sendable (ConnectionRequest) -> Admission = { request in
        let bytes = Array((request.caller.leaf?.fingerprint.bytes ?? Array(repeating: 0, count: 16)).prefix(16))
        guard let row = AgentID(bytes: bytes) else { preconditionFailure("16 bytes are an id") }
        return .admitted(agent: row, as: request.caller.leaf == nil ? .enrolling : .agent)
    }

    var requests: [ConnectionRequest] { state.withLock { $0.requests } }
    var reports: [AgentReport] { state.withLock { $0.reports } }
    var heartbeats: Int { state.withLock { $0.heartbeats } }
    var closings: [Closing] { state.withLock { $0.closings } }

    /// Returns once that many sessions have been closed.
    func closings(_ count: Int) async -> [Closing] {
        while true {
            let known = closings
            if known.count >= count { return known }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.closings.count >= count { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    func admit(_ request: ConnectionRequest, on eventLoop: any EventLoop) -> EventLoopFuture<Admission> {
        state.withLock { $0.requests.append(request) }
        return eventLoop.makeSucceededFuture(admission(request))
    }

    func received(
        _ report: AgentReport, from session: AgentSession, on eventLoop: any EventLoop
    ) -> EventLoopFuture<OpAMPAnswer> {
        state.withLock { $0.reports.append(report) }
        return eventLoop.makeFutureWithTask { await self.answer(report, session) }
    }

    func heard(from session: AgentSession, at now: Timestamp) -> Bool {
        state.withLock { $0.heartbeats += 1 }
        return true
    }

    func hasRecalled(_ offers: ConnectionSettingsOffers, of agent: AgentID) -> Bool? { recall() }

    func closed(_ session: AgentSession, _ ending: SessionEnding, at now: Timestamp) async {
        let waiting = state.withLock { state in
            state.closings.append(Closing(session: session, ending: ending))
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

extension OpAMPService {
    func admit(_ request: ConnectionRequest) async throws -> Admission {
        try await admit(request, on: MultiThreadedEventLoopGroup.singleton.any()).get()
    }

    func received(_ report: AgentReport, from session: AgentSession) async throws -> OpAMPAnswer {
        try await received(report, from: session, on: MultiThreadedEventLoopGroup.singleton.any()).get()
    }
}
