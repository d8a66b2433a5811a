import Certificates
import HandoverToken
import OpAMPProto
import Vocabulary

@testable import AgentCore
@testable import ServerCore

/// A rule that is taken away on purpose, to prove that the checks see it: the world around the machines breaks it, or hands
/// a machine something forged that the rule would have kept from it.
enum BrokenRule: String, CaseIterable, Sendable {
    // The agent's

    /// The agent adopts a server as soon as it has a connection to it.
    case adoptedUnverified
    /// The agent's shell acts on a step without having saved it.
    case adoptedWithoutSave
    /// The agent takes another identifier with the settings that it adopts.
    case renamedByAdoption
    /// A connection that is let go of stays.
    case keptConnection
    /// Nothing ends the trial of a candidate.
    case endlessTrial
    /// The candidate's server is trusted by the CAs of the active one as well.
    case mixedTrust
    /// The agent's shell loses the verdicts it should remember.
    case forgottenVerdicts
    /// The wait before the next dial is sometimes not begun.
    case forgottenRetry

    // The servers'

    /// The source accepts a second redemption.
    case redeemedTwice
    /// A redemption that was accepted, and whose answer was lost, is refused when it is asked for again.
    case redemptionNotRepeated
    /// A session that is over is answered like any other.
    case answersAnybody
    /// A target takes any leaf that the source's CA has signed.
    case anyLeafOfTheSource
    /// A leaf is the agent's as soon as it is issued, and the day of the one before begins.
    case leafCountsWhenIssued
    /// A handover is issued with the epoch of the one before.
    case repeatedEpoch
    /// What an agent says of its epoch counts, although the server knows a later one.
    case epochMayFall
    /// The epoch that an agent reports is not heard.
    case epochUnheard
    /// The target shows the agent live as soon as it connects.
    case liveAtConnect
    /// Every `APPLIED` is taken for this handover's.
    case anyAppliedArrives
    /// A target lets an agent go that may have settled.
    case settledLetGo
    /// A source that cancelled refuses the arrival that came before.
    case lateArrivalRefused
    /// A source that has settled does not take an agent back that returns from its probation.
    case returnUnheard
    /// A session that the agent has left behind is taken for its return.
    case leftSessionIsReturn
    /// The row keeps a leaf from which the agent has gone back to the previous one.
    case returnedLeafUnheard
    /// The source gives the agent away when the offer goes out.
    case movedAtOffer
    /// Notices are taken from any peer.
    case anyPeerHeard
    /// Notices are sent and taken in any order.
    case noticesInAnyOrder
    /// State is saved, and its rows sometimes are not.
    case rowsOutsideTransaction
    /// State is saved, and its audit entries sometimes are not.
    case forgottenAudit
    /// State is saved, and its notices sometimes are not.
    case forgottenNotices
    /// A token is written into the audit trail.
    case auditedToken
    /// Nobody looks for hosts that take turns.
    case copiesUnnoticed

    /// The checks that may be the first to see it.
    var seenBy: Set<Invariant> {
        switch self {
        case .adoptedUnverified: [.A1, .A2]
        case .adoptedWithoutSave: [.A2]
        case .renamedByAdoption: [.A3]
        case .keptConnection: [.A4]
        case .endlessTrial: [.A5]
        case .mixedTrust: [.A6]
        case .forgottenVerdicts: [.A7]
        case .forgottenRetry: [.A8]
        case .redeemedTwice, .redemptionNotRepeated: [.T1]
        case .answersAnybody: [.T2]
        case .anyLeafOfTheSource: [.T3]
        case .leafCountsWhenIssued: [.T3, .T10]
        case .repeatedEpoch, .epochMayFall: [.T4]
        case .epochUnheard: [.T4, .T10]
        case .liveAtConnect, .anyAppliedArrives: [.T5]
        case .settledLetGo, .lateArrivalRefused, .returnUnheard: [.T5, .T8, .T10]
        case .leftSessionIsReturn: [.T5, .T8, .T10]
        case .returnedLeafUnheard: [.T3, .T10]
        case .movedAtOffer: [.T6]
        case .anyPeerHeard: [.T7]
        case .noticesInAnyOrder: [.T5, .T8, .T10]
        case .rowsOutsideTransaction: [.T1, .T5, .T6, .T8, .T10]
        case .forgottenAudit: [.T8]
        case .forgottenNotices: [.T5, .T10]
        case .auditedToken: [.T9]
        case .copiesUnnoticed: [.T11]
        }
    }
}

extension World {
    func breaks(_ rule: BrokenRule) -> Bool { broken == rule }
}

// What a broken rule makes of a value that a core has decided on, or is about to.
extension AgentStep {
    mutating func spoil(by rule: BrokenRule?, before: Agent) {
        var state = agent.state
        switch rule {
        case .mixedTrust:
            guard state.candidate != before.state.candidate, let candidate = state.candidate else { return }
            let anchors = candidate.server.settings.trust.anchors.certificates
            state.candidate?.server.settings.trust.anchors = CertificateBundle(
                anchors + state.active.settings.trust.anchors.certificates)
        case .renamedByAdoption:
            guard state.active.settings.endpoint != before.state.active.settings.endpoint else { return }
            state.instanceUID = InstanceUID(version7At: Timestamp(seconds: 1), random: [UInt8](repeating: 1, count: 10))
        default: return
        }
        agent.state = state
        if save != nil { save = state }
    }
}

extension AgentToServer {
    mutating func spoil(by rule: BrokenRule?) {
        switch rule {
        case .anyAppliedArrives: if agentDescription != nil { customCapabilities = .ours }
        case .returnUnheard: connectionSettingsStatus?.errorMessage = "lost"
        default: return
        }
    }
}

extension SessionStep {
    mutating func spoil(by rule: BrokenRule?, after report: AgentReport) {
        switch rule {
        case .leafCountsWhenIssued:
            guard order != nil, let issued = row?.pendingLeaf else { return }
            let present = row?.fingerprint
            row?.previousLeaf = present
            row?.previousLeafUntil = report.at + AgentRecord.renewalOverlap
            row?.leaf = issued
            row?.pendingLeaf = nil
        case .returnedLeafUnheard:
            guard let before = facts.row, let present = row?.fingerprint, present == before.previousLeaf else { return }
            row?.leaf = before.leaf
            row?.pendingLeaf = before.pendingLeaf
            row?.previousLeaf = before.previousLeaf
            row?.previousLeafUntil = before.previousLeafUntil
        case .epochMayFall:
            if let epoch = report.epoch?.epoch { row?.epoch = epoch }
        default: return
        }
    }
}

extension SourceHandover {
    mutating func spoil(by rule: BrokenRule?) {
        if rule == .lateArrivalRefused { mayStillArrive = nil }
        if rule == .leftSessionIsReturn, phase == .leaving { isBack = true }
    }
}

extension TargetHandover {
    mutating func spoil(by rule: BrokenRule?) {
        if rule == .settledLetGo { connectedAt = nil }
    }
}
