import Certificates
import HTTPTypes
import HostSystem
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import OpAMPProto
import ServerCore
import ServerTransport
import ServiceLifecycle
import Synchronization
import Vocabulary

/// `/v1/opamp`: both transports on one path, in front of one service.
///
/// As a service it looks after what ends without a word: agents that stopped polling, and memory of those that have gone.
final class OpAMPEndpoint: Service {
    static let path = "/v1/opamp"
    /// A polling agent counts as disconnected after this time without a poll.
    static let pollSilence: Duration = .seconds(300)
    /// A session that enrolls lasts no longer.
    static let enrolmentTime: Duration = .seconds(30)

    let service: any OpAMPService
    let agents: ConnectedAgents
    let gate: ConcurrencyLimit
    let frames: FrameHeader.Tolerance
    let reportLimits: ReportLimits
    let logger: Logger
    let now: @Sendable () -> Timestamp
    private let sessions = Atomic<UInt64>(0)
    private let copies = Mutex(CopyWatch())
    private let meter = Mutex(ReportMeter())

    init(
        service: any OpAMPService,
        agents: ConnectedAgents = ConnectedAgents(),
        gate: ConcurrencyLimit = ConcurrencyLimit(limit: 2048),
        frames: FrameHeader.Tolerance = .strict,
        reportLimits: ReportLimits = ReportLimits(),
        logger: Logger,
        now: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        (self.service, self.agents, self.gate, self.frames) = (service, agents, gate, frames)
        (self.reportLimits, self.logger, self.now) = (reportLimits, logger, now)
    }

    var webSocketRoute: WebSocketRoute {
        WebSocketRoute(path: Self.path) { head, caller, eventLoop in
            let fields = AdmissionFields { head.headers.first(name: $0) }
            return self.admit(caller, fields: fields, transport: .webSocket, on: eventLoop).map { admitted in
                switch admitted {
                case .failure(let problem): .refuse(problem)
                case .success(let session):
                    .accept { channel in
                        try channel.pipeline.syncOperations.addHandler(WebSocketSession(session, at: self))
                    }
                }
            }
        }
    }

    var pollingRoute: DirectRoute {
        DirectRoute(method: .POST, path: Self.path) { caller in PollingConnection(caller, at: self) }
    }

    /// What is neither an upgrade nor a poll.
    func addRefusal(to router: Router<CallerContext>) {
        router.get(RouterPath(Self.path)) { _, _ -> Response in throw ListenerRefusal.badUpgrade.problem }
    }

    /// Decides on a connection request; the caller opens the session.
    func admit(
        _ caller: Caller, fields: AdmissionFields, transport: ConnectionRequest.Transport, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Result<AgentSession, ProblemResponse>> {
        let request: ConnectionRequest
        do throws(ProblemResponse) {
            request = try self.request(caller, fields, transport)
        } catch {
            return eventLoop.makeSucceededFuture(.failure(error))
        }
        guard let admission = gate.pass({ service.admit(request, on: eventLoop) }) else {
            return eventLoop.makeSucceededFuture(.failure(ListenerRefusal.overloaded.problem))
        }
        return admission.map { admission in
            switch admission {
            case .refused(let problem): return .failure(problem)
            case .admitted(let agent, let kind):
                let number = self.sessions.wrappingAdd(1, ordering: .relaxed).newValue
                return .success(AgentSession(number: number, agent: agent, kind: kind, request: request))
            }
        }
    }

    private func request(
        _ caller: Caller, _ fields: AdmissionFields, _ transport: ConnectionRequest.Transport
    ) throws(ProblemResponse) -> ConnectionRequest {
        if caller.presented == .unreadable { throw ListenerRefusal.unreadableCertificate.problem }
        let handover = fields.handover.flatMap { HandoverID($0) }
        if fields.handover != nil, handover == nil { throw ListenerRefusal.malformedRequest.problem }
        return ConnectionRequest(
            caller: caller, bearer: fields.authorization.flatMap(BearerToken.init(authorization:)),
            handover: handover, epoch: fields.epoch, transport: transport, at: now())
    }

    /// The service's answer to a report, or that it is too busy.
    func answer(
        to report: AgentReport, from session: AgentSession, on eventLoop: any EventLoop
    ) -> EventLoopFuture<OpAMPAnswer> {
        guard let wait = meter.withLock({ $0.wait(for: report.size, of: session.agent, at: report.at) }) else {
            return eventLoop.makeSucceededFuture(
                .unavailable(retryAfter: ReportMeter.longest, "The agent reports too much at once."))
        }
        guard wait == .zero else {
            return eventLoop.flatScheduleTask(in: TimeAmount(wait)) {
                self.decided(report, from: session, on: eventLoop)
            }.futureResult
        }
        return decided(report, from: session, on: eventLoop)
    }

    private func decided(
        _ report: AgentReport, from session: AgentSession, on eventLoop: any EventLoop
    ) -> EventLoopFuture<OpAMPAnswer> {
        gate.pass { service.received(report, from: session, on: eventLoop) }
            ?? eventLoop.makeSucceededFuture(
                .unavailable(retryAfter: ConcurrencyLimit.retryAfter, "The server is busy."))
    }

    /// Compares a message with the previous one of the agent, in any session.
    func sighted(
        _ message: AgentToServer, epoch: HandoverEpoch?, of session: AgentSession, from caller: Caller,
        at now: Timestamp
    ) -> CopyWatch.Finding? {
        guard session.kind == .agent else { return nil }
        let sighting = CopyWatch.Sighting(
            session: session.number, transport: session.transport, address: caller.address,
            sequence: message.sequenceNumber, epoch: epoch?.epoch, isGoodbye: message.agentDisconnect)
        return copies.withLock { $0.saw(sighting, of: session.agent, at: now) }
    }

    /// Passes an end from `SessionEnd` to the service.
    func closed(_ session: AgentSession, _ ending: SessionEnding?) {
        guard let ending else { return }
        let now = now()
        copies.withLock { $0.ended(session.number, of: session.agent, at: now) }
        guard !service.closedQuietly(session, ending) else { return }
        Task { await service.closed(session, ending, at: now) }
    }

    func note(_ withheld: PermittedMessage.Parts, from session: AgentSession) {
        guard !withheld.isEmpty else { return }
        logger.notice(
            "left out what the agent does not accept",
            metadata: ["agent": "\(session.agent)", "parts": "\(withheld.names.joined(separator: ", "))"])
    }

    func freshInstanceUID() -> [UInt8] {
        InstanceUID(version7At: now(), random: RandomBytes.generate(10)).bytes
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var heap = HeapUpkeep()
            while (try? await Task.sleep(for: .seconds(5))) != nil {
                self.endOverdueEnrolments(at: .now)
                for link in self.agents.pollingLinks { link.endIfSilent(for: Self.pollSilence) }
                if heap.isDue(after: self.agents.takeCount()) { HeapMemory.giveBack() }
            }
        }
    }

    func endOverdueEnrolments(at now: ContinuousClock.Instant) {
        agents.dismiss(because: "No signing request came.") {
            $0.kind == .enrolling && now - $0.began >= Self.enrolmentTime
        }
    }
}

/// The header fields that bear on admission, as the request has them.
struct AdmissionFields: Hashable, Sendable {
    let handover: String?
    let authorization: String?
    let epoch: HandoverEpoch?

    /// - Parameter value: of the field with this name in lower case.
    init(_ value: (String) -> String?) {
        handover = value("handover-id")
        authorization = value("authorization")
        epoch = value("handover-epoch").flatMap { HandoverEpoch(headerText: $0) }
    }
}
