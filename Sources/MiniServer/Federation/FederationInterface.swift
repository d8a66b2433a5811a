import Certificates
import HTTPTypes
import HandoverToken
import Hummingbird
import ServerAPI
import ServerCore
import ServerStorage
import ServerTransport
import Vocabulary

/// What peers call, under `/api/federation/`.
struct FederationInterface: Sendable {
    let server: ServerContext
    let fleet: FleetService
    let handovers: HandoverService
    let gate: PeerAuthenticator

    /// One route of this interface and its handler.
    struct Entry: Sendable {
        let route: RouteDescription
        let respond: @Sendable (PeerRequest) async throws -> Response

        init<Answer>(
            _ route: Route<NoContent, Answer>, _ handler: @escaping @Sendable (PeerRequest) async throws -> Answer
        ) {
            self.route = route.description
            respond = { try .json(try await handler($0)) }
        }

        init<Body, Answer>(
            _ route: Route<Body, Answer>,
            _ handler: @escaping @Sendable (PeerRequest, Body) async throws -> Answer
        ) {
            self.route = route.description
            respond = {
                try .json(try await handler($0, try await $0.request.body(of: route, unknownMembers: .ignored)))
            }
        }
    }

    /// Every route of `FederationRoutes`.
    var routes: [Entry] {
        [
            Entry(FederationRoutes.ping) { try identity(for: $0.peer) },
            Entry(FederationRoutes.trustBundle) { try await trustBundle($0) },
            Entry(FederationRoutes.announceTrust) { try await learnTrust($0, $1) },
            Entry(FederationRoutes.agents) { try await view.page($0.request) },
            Entry(FederationRoutes.agent) { try await agent($0) },
            Entry(FederationRoutes.redeem) { try await redeem($0, $1) },
            Entry(FederationRoutes.notices) { try await take($0, $1) },
            Entry(FederationRoutes.handover) { try await status($0) },
            Entry(FederationRoutes.handovers) { try await statuses($0) },
        ]
    }

    func add(to router: Router<CallerContext>) {
        for entry in routes {
            guard let method = HTTPRequest.Method(entry.route.method.rawValue) else { continue }
            router.on(RouterPath(entry.route.template), method: method) { request, context in
                try await gate.pass(request, context, entry.respond)
            }
        }
    }

    private var view: FleetView { FleetView(server: server, fleet: fleet) }

    private func identity(for peer: PeerRecord) throws -> PeerIdentity {
        PeerIdentity(
            peerID: server.authority.peerID, name: server.name,
            opampEndpoint: try server.address.opampEndpoint.description, time: server.now(),
            pinned: peer.pin.current.fingerprint)
    }

    private func trustBundle(_ call: PeerRequest) async throws -> TrustBundle {
        let named = call.request.query(.signers) ?? ""
        let known = named.split(separator: ",").prefix(Limits.bundleCertificates).compactMap { Fingerprint(String($0)) }
        return TrustBundle(
            statement: try server.authority.sign(try await server.trustStatement(), knownTo: Set(known)),
            pinned: call.peer.pin.current.fingerprint)
    }

    /// A peer announces its trusted CAs before it presents a certificate of another CA.
    private func learnTrust(_ call: PeerRequest, _ bundle: TrustBundle) async throws -> TrustReceipt {
        do {
            let row = try await server.learn(bundle.statement, of: call.peer.id, by: call.audit)
            return TrustReceipt(version: row.trust.version)
        } catch let refusal as TrustStatementRefusal {
            throw ProblemResponse(.unprocessableContent, refusal.operatorMessage)
        }
    }

    private func agent(_ call: PeerRequest) async throws -> AgentDetail {
        let id = try RemoteAgentID.localOnly(call.context.parameters.get("id") ?? "")
        return try server.database.look { try view.detail(try $0.agent(id), $0) }
    }

    // MARK: Handovers, for their other party only

    private func redeem(_ call: PeerRequest, _ request: RedemptionRequest) async throws -> HandoverStatus {
        let id = try call.handoverID()
        let (handover, notices) = try await handovers.redeem(id, request, by: call.peer, call.audit)
        var status = HandoverStatus(handover)
        if !notices.isEmpty { status.notices = notices.map { NoticeMessage($0) } }
        return status
    }

    private func take(_ call: PeerRequest, _ batch: NoticeBatch) async throws -> NoticeReceipt {
        let id = try call.handoverID()
        guard (1...OutboxSchedule.mostInOneCall).contains(batch.notices.count) else {
            throw RequestRefusal.parameter(
                name: "notices", reason: "a call brings 1 to \(OutboxSchedule.mostInOneCall) notices")
        }
        let notices = try batch.notices.map { message in
            guard let notice = HandoverNotice(message) else {
                throw RequestRefusal.parameter(name: "type", reason: "this version does not know this type of notice")
            }
            return notice
        }
        let receipt = try await handovers.take(
            notices, received: batch.received, of: id, from: call.peer, by: call.audit)
        switch receipt.answer {
        case .accepted, .duplicate:
            return NoticeReceipt(lastSequence: receipt.lastSequence, phase: OpenWord(text: receipt.phase))
        case .gap(let last):
            var problem = ProblemResponse(NoticeGap(last: last, sent: receipt.sequence))
            problem.lastSequence = last
            throw problem
        case .refused(let refusal):
            var problem = ProblemResponse(.conflict, refusal)
            problem.lastSequence = receipt.sequence
            throw problem
        }
    }

    private func status(_ call: PeerRequest) async throws -> HandoverStatus {
        try await status(of: try call.handoverID(), for: call.peer)
    }

    private func status(of id: HandoverID, for peer: PeerRecord) async throws -> HandoverStatus {
        try server.database.look { tables in
            if let source = try tables.sources.find(id)?.machine, source.otherParty == peer.id {
                return HandoverStatus(source)
            }
            if let target = try tables.targets.find(id)?.machine, target.otherParty == peer.id {
                return HandoverStatus(target)
            }
            throw HandoverRefusal.unknownHandover(id)
        }
    }

    private func statuses(_ call: PeerRequest) async throws -> Page<HandoverStatus> {
        guard let leaf = call.request.query(.agent).flatMap({ Fingerprint($0) }) else {
            throw RequestRefusal.parameter(name: QueryName.agent.rawValue, reason: "it is a leaf's fingerprint")
        }
        let peer = call.peer.id
        return try server.database.look { tables in
            let sources = try tables.sources.concerning(leaf: leaf).map(\.machine).filter { $0.otherParty == peer }
            let targets = try tables.targets.concerning(leaf: leaf).map(\.machine).filter { $0.otherParty == peer }
            return Page(items: sources.map { HandoverStatus($0) } + targets.map { HandoverStatus($0) })
        }
    }
}

extension HandoverStatus {
    fileprivate init(_ machine: some HandoverMachine) {
        self.init(
            handover: machine.id, phase: OpenWord(text: machine.phaseName), epoch: machine.claims.epoch,
            redemption: machine.redemptionID, lastSequence: machine.notices.received)
    }
}

/// A notice came before one that is still missing.
struct NoticeGap: Error, OperatorCoded {
    let last: Int
    let sent: Int

    typealias Code = HandoverCode

    var words: Words {
        (
            code: .noticeGap, title: "A notice is missing",
            cause: "Notice \(sent) arrived; the last accepted notice is \(last).",
            nextAction: "Send the events again from \(last + 1); servers do this automatically."
        )
    }
}
