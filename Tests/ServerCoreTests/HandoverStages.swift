import Certificates
import HandoverToken
import TestValues
import Vocabulary

@testable import ServerCore

/// Both machines in every phase, reached by the events that lead there.
struct HandoverStages {
    let world = PeerWorld.shared
    let claims: HandoverClaims
    let digest: [UInt8] = [9, 9]
    let redemption = Redemption(
        id: .init(repeating: 0x21), row: .init(repeating: 0x22), reusesRow: false, group: "prod",
        configuration: "base")
    var now: Timestamp { world.now }

    init(_ number: UInt8 = 1, epoch: Epoch = 3) throws { claims = try world.claims(number, epoch: epoch) }

    var offer: SignedOffer { SignedOffer(content: [1], hash: [5], expiresAt: now + .seconds(3600)) }

    var claim: TokenRedemption {
        TokenRedemption(
            redemption: redemption.id, tokenDigest: digest, peer: world.us.id, leaf: world.leaf.fingerprint,
            leafRevoked: false, epoch: 3)
    }

    func notice(_ type: NoticeType, _ sequence: Int = 1, facts: [String: String] = [:]) -> HandoverNotice {
        HandoverNotice(sequence: sequence, type: type, epoch: claims.epoch, at: now, facts: facts)
    }

    func source(_ phase: SourceHandover.Phase) throws -> SourceHandover {
        let issued = SourceHandover.issue(claims, tokenDigest: digest, certificate: .repeat).state
        let toOffered: [SourceHandover.Event] = [.redeemed(claim), .offerSigned(offer), .offerSent]
        let path: [SourceHandover.Event] =
            switch phase {
            case .issued: []
            case .redeemed: [.redeemed(claim), .offerSigned(offer)]
            case .offered: toOffered
            case .leaving: toOffered + [.agentLeaving]
            case .moved: toOffered + [.agentLeaving, .noticeReceived(notice(.arrived))]
            case .settled: toOffered + [.noticeReceived(notice(.arrived)), .noticeReceived(notice(.settled, 2))]
            case .expired: toOffered + [.noticeReceived(notice(.lapsed))]
            case .cancelled: toOffered + [.cancelRequested(reason: nil)]
            case .returned: toOffered + [.agentFailed(hash: [5], message: "tcp")]
            }
        return try path.reduce(issued) { try $0.next(after: $1, at: now).state }
    }

    func target(_ phase: TargetHandover.Phase) throws -> TargetHandover {
        let previewed = TargetHandover(claims: claims, tokenDigest: digest)
        let toAwaiting: [TargetHandover.Event] = [.redeemRequested(redemption), .redemptionAccepted]
        let toArrived = toAwaiting + [.agentConnected, .agentCommitted(.certain(hash: [5]))]
        let path: [(TargetHandover.Event, Timestamp)] =
            switch phase {
            case .previewed: []
            case .redeeming: [(.redeemRequested(redemption), now)]
            case .awaiting: toAwaiting.map { ($0, now) }
            case .connected: (toAwaiting + [.agentConnected]).map { ($0, now) }
            case .arrived: toArrived.map { ($0, now) }
            case .settled: toArrived.map { ($0, now) } + [(.wake(agentPresent: true), now + claims.probation)]
            case .lapsed:
                toAwaiting.map { ($0, now) } + [(.wake(agentPresent: false), now + HandoverTiming.defaultArrival)]
            case .withdrawn: toAwaiting.map { ($0, now) } + [(.withdrawRequested(reason: nil), now)]
            }
        return try path.reduce(previewed) { try $0.next(after: $1.0, at: $1.1).state }
    }
}

/// One line that says everything a step does.
func outcome<State: HandoverParty>(
    of before: State,
    _ decide: () throws(HandoverRefusal) -> HandoverStep<State>
) -> String where State.Phase: Equatable {
    let step: HandoverStep<State>
    do throws(HandoverRefusal) { step = try decide() } catch { return "refused \(error.operatorMessage.code)" }
    var words: [String] = []
    if step.state.phase != before.phase { words.append("-> \(step.state.phase.rawValue)") }
    words += step.audit.map { $0.action.rawValue }
    words += step.rows.map { "row:\(name(of: $0))" }
    words += step.notices.map { "tell:\($0.type.rawValue)#\($0.sequence)" }
    words += step.directives.map { "do:\(name(of: $0))" }
    switch step.answer {
    case nil: break
    case .accepted: words.append("= accepted")
    case .duplicate: words.append("= duplicate")
    case .gap(let last): words.append("= gap after \(last)")
    case .refused(let refusal): words.append("= refused \(refusal.operatorMessage.code)")
    }
    return words.isEmpty ? "nothing" : words.joined(separator: " ")
}

/// The name of an enum's case, without its values.
func name(of value: Any) -> String {
    let label = Mirror(reflecting: value).children.first?.label
    return label ?? String(describing: value)
}

/// The outcomes of one phase: each said once, with everything that has it.
func table(_ phase: String, _ outcomes: [(String, String)]) -> [String] {
    var order: [String] = []
    for (_, text) in outcomes where !order.contains(text) { order.append(text) }
    return ["\(phase):"]
        + order.map { text in
            "  \(outcomes.filter { $0.1 == text }.map(\.0).joined(separator: ", ")): \(text)"
        }
}
